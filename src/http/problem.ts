import type { RouteConfig } from '@hono/zod-openapi'
import { z } from '@hono/zod-openapi'
import { ERRORS, type ErrorCode } from '#core/errors'
import type { Sentence } from '#core/messages'
import { UNLIMITED_PATH } from './middleware/limit-address.ts'
import type { RouteSpec } from './route.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** An error on the wire: RFC 9457, plus `message` and `code` for older clients and programs. */
export const Problem = z
  .object({
    type: z.string().meta({ example: 'about:blank' }),
    title: z.string().meta({ example: 'Não encontrado' }),
    status: z.int().meta({ example: 404 }),
    detail: z.string().meta({ example: 'Não encontrado.' }),
    message: z.string().meta({ description: '`detail` again.' }),
    code: z.string().meta({ description: 'Stable, for programs.', example: 'not_found' }),
    request_id: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON Pointer into the body, or the name of a parameter.' }),
          in: z.enum(['query', 'path', 'header']).optional(),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

type Status = (typeof ERRORS)[ErrorCode]['status']

/** Titles by status: with the type `about:blank` they are the status's own phrase (RFC 9457, 4.2.1). */
export const TITLES: Readonly<Record<Status, Sentence>> = {
  400: { pt: 'Requisição inválida', en: 'Bad Request' },
  401: { pt: 'Não autenticado', en: 'Unauthorized' },
  403: { pt: 'Proibido', en: 'Forbidden' },
  404: { pt: 'Não encontrado', en: 'Not Found' },
  405: { pt: 'Método não permitido', en: 'Method Not Allowed' },
  406: { pt: 'Não aceitável', en: 'Not Acceptable' },
  409: { pt: 'Conflito', en: 'Conflict' },
  413: { pt: 'Conteúdo grande demais', en: 'Content Too Large' },
  415: { pt: 'Tipo de conteúdo não suportado', en: 'Unsupported Media Type' },
  416: { pt: 'Intervalo não satisfazível', en: 'Range Not Satisfiable' },
  422: { pt: 'Conteúdo não processável', en: 'Unprocessable Content' },
  426: { pt: 'Atualização necessária', en: 'Upgrade Required' },
  429: { pt: 'Pedidos demais', en: 'Too Many Requests' },
  500: { pt: 'Erro interno', en: 'Internal Server Error' },
  502: { pt: 'Resposta inválida de outro serviço', en: 'Bad Gateway' },
  503: { pt: 'Serviço indisponível', en: 'Service Unavailable' },
}

/** Every error code that a route may answer: its own and those that come with what it takes. */
export function errorsOf(spec: RouteSpec): readonly ErrorCode[] {
  const codes = new Set([...standardErrors(spec), ...(spec.errors ?? [])])
  return [...codes].filter((code) => !(ERRORS[code].status in spec.answers))
}

/** The error answers of a route in the document, one per status; `openapi.ts` words them. */
export function problemAnswers(spec: RouteSpec): RouteConfig['responses'] {
  const answer = { description: '', content: { [PROBLEM_TYPE]: { schema: Problem } } }
  return Object.fromEntries(errorsOf(spec).map((code) => [ERRORS[code].status, answer]))
}

function standardErrors(spec: RouteSpec): readonly ErrorCode[] {
  const codes: ErrorCode[] = ['internal', 'database_unavailable']
  if (spec.path !== UNLIMITED_PATH) codes.push('rate_limited')
  if (!spec.public)
    codes.push('too_many_at_once', 'not_authenticated', 'invalid_credentials', 'forbidden', 'insufficient_scope')
  if (spec.params !== undefined) codes.push('not_found')
  if (spec.body !== undefined) codes.push('malformed_json', 'body_too_large', 'unsupported_media_type', 'json_too_deep')
  if (spec.form !== undefined) codes.push('malformed_form', 'unsupported_media_type')
  if (spec.params ?? spec.query ?? spec.body ?? spec.form) codes.push('validation_failed')
  return codes
}
