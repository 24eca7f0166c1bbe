/** One request of an `http.request` node, and what comes back. */
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import type { NodePorts } from '#core/workflow/node-type'
import type { Json } from '#lib/json'
import { parseRetryAfterMs } from '#lib/retry-after'
import type { HttpConfig } from './config.ts'
import { MAX_STORED_BYTES, saveBody, withoutRest } from './file-body.ts'
import { readBody } from './read-body.ts'
import { toBody } from './send-body.ts'

/** How much of a refusing server's answer goes into the error. */
const MAX_ERROR_BODY = 4_000

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
  /** Where redirects led. */
  readonly url: string
}

/** @throws NodeFailure `http_status` for anything outside 2xx, `config_invalid`; and like the port */
export async function exchange(
  ports: Pick<NodePorts, 'fetch' | 'files'>,
  config: HttpConfig,
  url: string,
): Promise<Answer> {
  const sent = await toBody(config, ports.files)
  const init = {
    method: config.method,
    headers: headersOf(config, sent),
    ...(sent === undefined ? {} : { body: sent.body }),
  }
  const { response_type: type } = config
  const isFile = type === 'file'
  const response = await (isFile ? ports.fetch(url, init, MAX_STORED_BYTES) : ports.fetch(url, init))
  if (!response.ok) throw statusFailure(config, url, response, await readBody(await withoutRest(response), 'auto'))
  const body = isFile ? await saveBody(ports.files, config, response, url) : await readBody(response, type)
  return { status: response.status, headers: response.headers, body, url: response.url || url }
}

/** The address with the node's query behind its own. */
export function withQuery(config: Pick<HttpConfig, 'url' | 'query'>): string {
  const entries = Object.entries(config.query).flatMap(([name, value]) =>
    value == null ? [] : [[name, String(value)]],
  )
  if (entries.length === 0) return config.url
  const [address = ''] = config.url.split('#', 1)
  const query = new URLSearchParams(entries).toString()
  return `${address}${address.includes('?') ? '&' : '?'}${query}${config.url.slice(address.length)}`
}

function headersOf(config: HttpConfig, sent: Awaited<ReturnType<typeof toBody>>): Headers {
  const headers = new Headers()
  try {
    if (sent?.contentType !== undefined) headers.set('content-type', sent.contentType)
    for (const [name, value] of Object.entries(config.headers)) if (value != null) headers.set(name, String(value))
    if (sent?.isFixed === true && sent.contentType !== undefined) headers.set('content-type', sent.contentType)
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
  return Buffer.from(text).toString('base64')
}

const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429])

function statusFailure(config: HttpConfig, url: string, response: Response, body: Json): NodeFailure {
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
