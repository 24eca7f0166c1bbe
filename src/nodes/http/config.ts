/** What an `http.request` node is told. */
import { z } from 'zod'
import { Folder, Tags } from '#core/files/names'
import { AnyJson } from '#core/json'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
const MAX_PAGES = 100
const MAX_PARTS = 100

const Scalar = z.union([z.string(), z.number(), z.boolean()])

const Auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('basic'), username: z.string(), password: z.string() }),
  z.strictObject({ type: z.literal('bearer'), token: z.string().min(1) }),
  z.strictObject({ type: z.literal('header'), name: z.string().min(1), value: z.string() }),
])

/** The fields of a form: null is left out, a list repeats its name. */
export const FormBody = z.record(z.string(), z.union([Scalar, z.null(), z.array(Scalar)]))
export type FormBody = z.infer<typeof FormBody>

const file = {
  name: z.string(),
  filename: z.string(),
  content_type: z
    .string()
    .regex(/^[\x21-\x7e]+\/[\x20-\x7e]+$/, 'a media type, e.g. image/png')
    .optional(),
}
/** A part is a field, a file with what is in it, or a file of the workspace. */
const Part = z.union([
  z.strictObject({ name: z.string(), value: Scalar }),
  z.strictObject({ ...file, text: z.string() }),
  z.strictObject({ ...file, base64: z.base64() }),
  z.strictObject({ ...file, filename: z.string().optional(), file_id: z.uuid() }),
])
export type Part = z.infer<typeof Part>
export const MultipartBody = z.array(Part).min(1).max(MAX_PARTS)

const maxPages = z.int().min(1).max(MAX_PAGES).default(10).describe('No more is asked for; `has_more` tells.')
const path = z.string().min(1).describe('Into the body, e.g. `meta.next`.')
const Pagination = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('link'), max_pages: maxPages }).describe('The header `Link: <…>; rel="next"`.'),
  z.strictObject({ type: z.literal('next'), path, max_pages: maxPages }).describe('The body has the next address.'),
  z
    .strictObject({ type: z.literal('cursor'), path, param: z.string().min(1).default('cursor'), max_pages: maxPages })
    .describe('The body has what goes into the query next.'),
  z
    .strictObject({
      type: z.literal('page'),
      param: z.string().min(1).default('page'),
      start: z.int().min(0).default(1),
      max_pages: maxPages,
    })
    .describe('The number of the page in the query, up to one with an empty list.'),
])
export type Pagination = z.infer<typeof Pagination>

export const HttpConfig = z
  .strictObject({
    method: z.enum(METHODS).default('GET'),
    url: z.string().min(1),
    query: z.record(z.string(), Scalar.nullish()).default({}),
    headers: z.record(z.string(), Scalar.nullish()).default({}),
    body: AnyJson.optional().describe('Text is sent as it is, anything else as JSON; not with GET and HEAD.'),
    body_type: z
      .enum(['auto', 'form', 'multipart'])
      .default('auto')
      .describe(
        '`form`: an object, urlencoded. `multipart`: a list of { name, value } and { name, filename, content_type?, text or base64 or file_id }.',
      ),
    auth: Auth.default({ type: 'none' }),
    response_type: z
      .enum(['auto', 'json', 'text', 'base64', 'file'])
      .default('auto')
      .describe(
        'What is neither JSON nor text comes as { content_type, base64, bytes }. `file`: it is stored, up to 100 MiB (10 where a secret was sent), and `body` is the file.',
      ),
    save_as: z
      .strictObject({ name: z.string().min(1).optional(), folder: Folder.default(''), tags: Tags.default([]) })
      .optional()
      .describe('How it is stored with `file`; else under the name that the server gives.'),
    response_path: z.string().min(1).optional().describe('The part of the body that is wanted, e.g. `data.items`.'),
    pagination: Pagination.optional().describe(
      '`body` becomes one list of all pages: each has its own at `response_path`.',
    ),
  })
  .refine(({ method, body }) => body == null || (method !== 'GET' && method !== 'HEAD'), {
    path: ['body'],
    message: 'GET and HEAD carry no body',
  })
  .refine(({ response_type: type, pagination }) => type !== 'file' || pagination === undefined, {
    path: ['pagination'],
    message: 'a file has no pages',
  })
  .superRefine(({ body, body_type: type }, context) => {
    if (body == null || type === 'auto') return
    const parsed = type === 'form' ? FormBody.safeParse(body) : MultipartBody.safeParse(body)
    for (const { path: place, message } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: ['body', ...place], message })
    }
  })
export type HttpConfig = z.infer<typeof HttpConfig>
