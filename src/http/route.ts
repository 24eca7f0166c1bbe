import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { ErrorCode } from '#core/errors'
import { type AnyOf, type Permission, permissionsOf } from '#core/permissions'
import type { Sentence } from '#core/messages'
import type { AppEnv, AuthenticatedEnv } from './app-env.ts'
import { authenticateRequest } from './middleware/authenticate.ts'
import { type Marks, MARKS_FIELD } from './marks.ts'
import { EVENT_STREAM_TYPE } from './media-types.ts'
import { limitOpenWrite } from './middleware/limit-address.ts'
import { readBody } from './middleware/read-body.ts'
import { errorsOf, problemAnswers } from './problem.ts'
import type { Tag } from './tags.ts'
import { rejectInvalid } from './validation.ts'

const BODY_LIMIT_BYTES = 1024 * 1024

/** What a route promises. Everything that all routes share (token or key, body rules, error answers) is added by `route`. */
interface CommonSpec {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Below the mount, without a trailing slash; parameters in braces: `/workflows/{id}`. */
  readonly path: `/${string}`
  readonly tag: Tag
  readonly summary: Sentence
  readonly description?: Sentence
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  /** A strict JSON object; an empty body counts as `{}`. */
  readonly body?: z.ZodType
  /** Tells the reader of the document that the body may be left out. */
  readonly bodyOptional?: true
  readonly bodyLimitBytes?: number
  /** The body may also come as a form, whose fields are all texts. */
  readonly forms?: true
  /**
   * The body may also be the list under this key, or one item of it, and come as YAML: files, as people have them. The
   * handler gets the object with the list.
   */
  readonly files?: string
  /** The body is a form with a file, which the handler reads as a stream: this is for the document. */
  readonly form?: z.ZodObject
  /** Of a success that `answers` gives no schema, since it is a file: media type → schema. */
  readonly media?: Readonly<Record<string, z.ZodType>>
  /** The success may also come as server-sent events, when the client accepts them. */
  readonly streams?: true
  /** Success status → schema of the JSON answer, or null for none. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>
  /** Error codes beyond those that every such route may answer. */
  readonly errors?: readonly ErrorCode[]
}

/** Whoever may call it: everybody, without a token, or those who have a permission, or one of several. There is no third. */
type Access =
  | { readonly public: true; readonly permission?: undefined }
  | { readonly public?: undefined; readonly permission: Permission | AnyOf }

export type RouteSpec = CommonSpec & Access

/** The part of a specification, or undefined where it has none. */
type Part<S, Name extends keyof RouteSpec> = S extends { readonly [N in Name]: infer Schema extends z.ZodType }
  ? Schema
  : undefined

/** Typed as never: what streams is no answer that `hc` could read as JSON. */
type Streams<S> = S extends { readonly streams: true }
  ? Record<typeof EVENT_STREAM_TYPE, { schema: z.ZodNever }>
  : unknown

/** What hono needs to know to type the handler and `hc`; the error answers stay out: they are thrown. */
type TypedRoute<S extends RouteSpec> = {
  method: S['method']
  path: S['path']
  request: {
    params: Part<S, 'params'>
    query: Part<S, 'query'>
    headers: Part<S, 'headers'>
    body: S extends { readonly body: infer Body extends z.ZodType }
      ? { content: { 'application/json': { schema: Body } }; required: true }
      : undefined
  }
  responses: {
    [Status in keyof S['answers']]: S['answers'][Status] extends z.ZodType
      ? { description: string; content: { 'application/json': { schema: S['answers'][Status] } } & Streams<S> }
      : { description: string }
  }
  middleware: MiddlewareHandler<S extends { readonly public: true } ? AppEnv : AuthenticatedEnv>
}

/** An empty group of routes with the validation hook; chain `.openapi(route({ … }), handler)` and export the chain. */
export function createRoutes() {
  return new OpenAPIHono<AppEnv>({ strict: false, defaultHook: rejectInvalid })
}

/** A route's contract, for the `.openapi(route({ … }), handler)` of `createRoutes()`. */
export function route<const S extends RouteSpec>(spec: S): TypedRoute<S> {
  const config: RouteConfig = {
    method: spec.method,
    path: spec.path,
    tags: [spec.tag],
    operationId: operationId(spec),
    summary: spec.summary.pt,
    ...(spec.public ? { security: [] } : {}),
    request: requestOf(spec),
    responses: { ...answersOf(spec), ...problemAnswers(spec) },
    middleware: beforeValidation(spec),
    [MARKS_FIELD]: marksOf(spec),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler cannot follow TypedRoute's conditions
  return createRoute(config) as unknown as TypedRoute<S>
}

function marksOf(spec: RouteSpec): Marks {
  return {
    summary: spec.summary,
    description: spec.description,
    public: spec.public ?? false,
    workspaceFrom: isWithinPath(spec) ? 'path' : 'header',
    permissions: spec.permission === undefined ? [] : [...permissionsOf(spec.permission)],
    bodyOptional: spec.bodyOptional ?? false,
    forms: spec.forms ?? false,
    files: spec.files !== undefined,
    form: spec.form && formSchema(spec.form),
    errors: [...errorsOf(spec)],
  }
}

function formSchema(form: z.ZodObject): Marks['form'] {
  const { $schema: _, ...schema } = z.toJSONSchema(form)
  return { ...schema, type: 'object' }
}

function requestOf({ params, query, headers, body }: RouteSpec): RouteConfig['request'] {
  return {
    ...(params && { params }),
    ...(query && { query }),
    ...(headers && { headers }),
    // Required, so that the validator always runs: readBody has put `{}` where nothing came.
    ...(body && { body: { content: { 'application/json': { schema: body } }, required: true } }),
  }
}

function answersOf({ answers, media = {}, streams }: RouteSpec): RouteConfig['responses'] {
  const files = Object.entries(media).map(([type, schema]) => [type, { schema }] as const)
  const stream = streams && { [EVENT_STREAM_TYPE]: { schema: z.string() } }
  return Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => {
      const content = schema === null ? Object.fromEntries(files) : { 'application/json': { schema }, ...stream }
      return [status, { description: '', ...(Object.keys(content).length > 0 && { content }) }]
    }),
  )
}

/** Everything below a workspace happens in the one that the path names, whatever `X-Workspace-Id` says. */
function isWithinPath({ path }: RouteSpec): boolean {
  return /^\/workspaces\/\{id\}(?:\/|$)/.test(path)
}

/** Who calls comes before what they sent: an unauthenticated request learns nothing about content types and fields. */
function beforeValidation(spec: RouteSpec): MiddlewareHandler<AuthenticatedEnv> {
  const rules = { limitBytes: spec.bodyLimitBytes ?? BODY_LIMIT_BYTES, forms: spec.forms === true, files: spec.files }
  const isByPath = isWithinPath(spec)
  return async (c, next) => {
    const workspaceId = isByPath ? (c.req.param('id') ?? '') : c.req.header('X-Workspace-Id')
    if (spec.permission !== undefined) await authenticateRequest(c, spec.permission, workspaceId)
    else if (spec.method !== 'get') await limitOpenWrite(c.get('publicCtx'))
    if (spec.body !== undefined) await readBody(c, rules)
    await next()
  }
}

/** `get /workflows/{id}/versions` → `getWorkflowsByIdVersions`. */
function operationId({ method, path }: RouteSpec): string {
  const words = path.replaceAll(/\{(\w+)\}/g, 'by-$1').split(/[^a-zA-Z0-9]+/)
  return method + (words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('') || 'Root')
}
