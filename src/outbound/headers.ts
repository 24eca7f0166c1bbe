// About one connection rather than the message (RFC 9110, 7.6.1), or computed by the transport.
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

// Which headers are secret is known to the user alone, so another origin gets only these. An idempotency key and a trace open nothing.
const KEPT_ACROSS_ORIGINS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-type',
  'idempotency-key',
  'range',
  'traceparent',
  'user-agent',
])

const BODY_HEADERS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
])

// What workerd undoes by itself, and only when it is spelled just so; Node undoes more. So nothing else is asked for.
const DECODED: ReadonlySet<string> = new Set(['gzip', 'br'])
const ACCEPT_ENCODING = Array.from(DECODED).join(', ')

// Many public APIs refuse a request that does not say who asks; workerd adds nothing.
const USER_AGENT = 'SynapScale'

/**
 * What a user may set, as it leaves: without hop-by-hop headers, those that `Connection` names, `Host`, and `CF-*`,
 * with which a request could pose as one that came through Cloudflare. `Accept-Encoding` is ours: what cannot be undone
 * here would reach the user as noise.
 *
 * @throws TypeError for a name or value that HTTP does not have
 */
export function toOutgoingHeaders(init: HeadersInit | undefined): Headers {
  const headers = new Headers(init)
  const connection = headers.get('connection') ?? ''
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
  for (const name of Array.from(headers.keys())) {
    if (TRANSPORT_HEADERS.has(name) || name.startsWith('cf-') || named.has(name)) headers.delete(name)
  }
  headers.set('accept-encoding', ACCEPT_ENCODING)
  if (!headers.has('user-agent')) headers.set('user-agent', USER_AGENT)
  return headers
}

/** The headers that go along when a redirect leads to another origin. */
export function acrossOrigins(headers: Headers): Headers {
  return new Headers(Array.from(headers).filter(([name]) => KEPT_ACROSS_ORIGINS.has(name)))
}

/** The headers of a request that a redirect turned into a GET. */
export function withoutBodyHeaders(headers: Headers): Headers {
  return new Headers(Array.from(headers).filter(([name]) => !BODY_HEADERS.has(name)))
}

/** The headers of an answer as its body is read: the transport has decompressed it, but still shows what was sent. */
export function toDecodedHeaders(headers: Headers): Headers {
  const decoded = new Headers(headers)
  if (!DECODED.has(decoded.get('content-encoding') ?? '')) return decoded
  decoded.delete('content-encoding')
  decoded.delete('content-length')
  return decoded
}
