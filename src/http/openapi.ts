import type { OpenAPIHono } from '@hono/zod-openapi'
import { ERRORS } from '#core/errors'
import { type Locale, say, type Sentence } from '#core/messages'
import type { AppEnv } from './app-env.ts'
import { Marks, MARKS_FIELD } from './marks.ts'
import { YAML_MEDIA_TYPES } from './media-types.ts'
import { SECURITY, SECURITY_SCHEMES, WORKSPACE_HEADER } from './openapi-security.ts'
import { TAGS } from './tags.ts'
import { VERSION } from './version.ts'

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>
type PathItem = NonNullable<Document['paths']>[string]
type Operation = NonNullable<PathItem['get']>
type Answers = NonNullable<Operation['responses']>

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data']

const INTRODUCTION = {
  pt: 'Automações com IA na borda: agentes, workflows, execuções e conversas. *Authorize* entra com e-mail e senha.',
  en: 'AI automations at the edge: agents, workflows, executions and chats. *Authorize* logs in with e-mail and password.',
}

const SUCCESS: Readonly<Record<string, Sentence>> = {
  200: { pt: 'Feito', en: 'Done' },
  201: { pt: 'Criado', en: 'Created' },
  202: { pt: 'Aceito', en: 'Accepted' },
  204: { pt: 'Feito, sem corpo', en: 'Done, without a body' },
}
const OTHER: Sentence = { pt: 'O corpo diz mais', en: 'The body says more' }

/** The OpenAPI document of all routes, with its sentences in one language. */
export function describeApi(app: OpenAPIHono<AppEnv>, publicUrl: string, locale: Locale): Document {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'SynapScale API', version: VERSION, description: say(INTRODUCTION, locale) },
    // The relative one first: what /docs tries out goes to where the page came from.
    servers: [{ url: '/' }, { url: publicUrl }],
    tags: Object.entries(TAGS).map(([name, sentence]) => ({ name, description: say(sentence, locale) })),
    security: SECURITY,
  })
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [path, finishPath(item, locale)])
  const components = {
    ...document.components,
    securitySchemes: SECURITY_SCHEMES,
    parameters: { WorkspaceId: WORKSPACE_HEADER },
  }
  return { ...document, paths: Object.fromEntries(paths), components }
}

function finishPath(item: PathItem, locale: Locale): PathItem {
  const operations = METHODS.flatMap((method) => {
    const operation = item[method]
    return operation === undefined ? [] : [[method, finishOperation(operation, locale)]]
  })
  return { ...item, ...Object.fromEntries(operations) }
}

function finishOperation({ [MARKS_FIELD]: noted, ...operation }: Operation, locale: Locale): Operation {
  const marks = Marks.parse(noted)
  const isByHeader = !marks.public && marks.workspaceFrom === 'header'
  const workspace = !isByHeader ? [] : [{ $ref: '#/components/parameters/WorkspaceId' }]
  const parameters = [...(operation.parameters ?? []), ...workspace]
  return {
    ...operation,
    summary: say(marks.summary, locale),
    ...(marks.description && { description: say(marks.description, locale) }),
    ...(parameters.length > 0 && { parameters }),
    // What the role or the API key must have, one of them where it is a list: `docs/security.md` has the table.
    ...(marks.permissions.length > 0 && { 'x-permission': one(marks.permissions) }),
    responses: finishAnswers(operation.responses ?? {}, marks, locale),
    ...(operation.requestBody && { requestBody: finishBody(operation.requestBody, marks) }),
    ...(marks.form && { requestBody: { required: true, content: { 'multipart/form-data': { schema: marks.form } } } }),
  }
}

/** Says of each status what it means: for an error the codes that come with it. */
function finishAnswers(answers: Answers, { errors }: Marks, locale: Locale): Answers {
  const described = Object.entries(answers).map(([status, answer]) => {
    const codes = errors.filter((code) => String(ERRORS[code].status) === status)
    const lines = codes.map((code) => `\`${code}\`: ${say(ERRORS[code].sentence, locale)}`)
    return [status, { ...answer, description: lines.join('\n\n') || say(SUCCESS[status] ?? OTHER, locale) }]
  })
  return Object.fromEntries(described)
}

function finishBody(body: NonNullable<Operation['requestBody']>, marks: Marks): NonNullable<Operation['requestBody']> {
  if (!('content' in body)) return body
  const json = body.content['application/json']
  const types = [...(marks.forms ? FORM_TYPES : []), ...(marks.files ? YAML_MEDIA_TYPES.slice(0, 1) : [])]
  const others = json === undefined ? [] : types.map((type) => [type, json])
  return { ...body, required: !marks.bodyOptional, content: { ...body.content, ...Object.fromEntries(others) } }
}

/** The only one by itself. */
function one<Item>(items: readonly Item[]): Item | readonly Item[] | undefined {
  return items.length > 1 ? items : items[0]
}
