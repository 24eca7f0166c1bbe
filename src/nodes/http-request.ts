import { z } from 'zod'
import { AnyJson } from '#core/json'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { defineEffectNode, emit } from '#core/workflow/node-type'
import { type Json, parseJson } from '#lib/json'
import { parseRetryAfterMs } from '#lib/retry-after'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const

const Scalar = z.union([z.string(), z.number(), z.boolean()])

const Auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('basic'), username: z.string(), password: z.string() }),
  z.strictObject({ type: z.literal('bearer'), token: z.string().min(1) }),
  z.strictObject({ type: z.literal('header'), name: z.string().min(1), value: z.string() }),
])

const Config = z
  .strictObject({
    method: z.enum(METHODS).default('GET'),
    url: z.string().min(1),
    query: z.record(z.string(), Scalar.nullish()).default({}),
    headers: z.record(z.string(), Scalar.nullish()).default({}),
    body: AnyJson.optional().describe('Text is sent as it is, anything else as JSON; not with GET and HEAD.'),
    auth: Auth.default({ type: 'none' }),
  })
  .refine(({ method, body }) => body == null || (method !== 'GET' && method !== 'HEAD'), {
    path: ['body'],
    message: 'GET and HEAD carry no body',
  })
type Config = z.infer<typeof Config>

/** How much of a refusing server's answer goes into the error. */
const MAX_ERROR_BODY = 4_000

export const httpRequest = defineEffectNode({
  type: 'http.request',
  group: 'io',
  icon: 'globe',
  title: { pt: 'Requisição HTTP', en: 'HTTP request' },
  description: {
    pt: 'Chama um endereço e devolve status, cabeçalhos e corpo; fora de 2xx o nó falha.',
    en: 'Calls an address and gives status, headers and body; anything outside 2xx fails the node.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: Config,
  secrets: ['query', 'headers', 'body', 'auth'],
  example: {
    config: { url: 'https://api.example.com/orders/{{ $trigger.order_id }}' },
    input: null,
    output: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { id: 7 },
      url: 'https://api.example.com/orders/7',
    },
  },
  async run(ports, { config }) {
    const url = withQuery(config)
    const response = await ports.fetch(url, {
      method: config.method,
      headers: headersOf(config),
      ...(config.body === undefined || config.body === null ? {} : { body: bodyOf(config.body) }),
    })
    const body = parseBody(await response.text(), response.headers.get('content-type'))
    if (!response.ok) throw statusFailure(config, url, response, body)
    return emit({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body,
      url: response.url || url,
    })
  },
})

function withQuery(config: Config): string {
  const entries = Object.entries(config.query).flatMap(([name, value]) =>
    value == null ? [] : [[name, String(value)]],
  )
  if (entries.length === 0) return config.url
  const [address = ''] = config.url.split('#', 1)
  const query = new URLSearchParams(entries).toString()
  return `${address}${address.includes('?') ? '&' : '?'}${query}${config.url.slice(address.length)}`
}

function headersOf(config: Config): Headers {
  const headers = new Headers()
  try {
    if (config.body != null && typeof config.body !== 'string') headers.set('content-type', 'application/json')
    for (const [name, value] of Object.entries(config.headers)) if (value != null) headers.set(name, String(value))
    const { auth } = config
    if (auth.type === 'bearer') headers.set('authorization', `Bearer ${auth.token}`)
    if (auth.type === 'header') headers.set(auth.name, auth.value)
    if (auth.type === 'basic') headers.set('authorization', `Basic ${toBase64(`${auth.username}:${auth.password}`)}`)
  } catch {
    // A name or value that HTTP does not allow; the value may be a secret, so it is not repeated.
    throw new NodeFailure(nodeError('config_invalid', { reason: 'headers' }))
  }
  return headers
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function bodyOf(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** JSON where the server says so, or says nothing and it is JSON; else text. */
function parseBody(text: string, contentType: string | null): Json {
  if (text === '') return null
  if (contentType !== null && !/[/+]json\b/i.test(contentType)) return text
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429])

function statusFailure(config: Config, url: string, response: Response, body: Json): NodeFailure {
  const { status } = response
  const excerpt = typeof body === 'string' ? body.slice(0, MAX_ERROR_BODY) : body
  const small = JSON.stringify(excerpt).length <= MAX_ERROR_BODY * 2 ? excerpt : null
  return new NodeFailure(
    nodeError('http_status', { method: config.method, url: withoutSecrets(url), status }, { status, body: small }),
    {
      retryable: RETRYABLE.has(status) || status >= 500,
      retryAfterMs: parseRetryAfterMs(
        Object.fromEntries(response.headers),
        Date.parse(response.headers.get('date') ?? ''),
      ),
    },
  )
}

/** Queries and user names carry keys at times: they stay out of error texts. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? '' : `${parsed.origin}${parsed.pathname}`
}
