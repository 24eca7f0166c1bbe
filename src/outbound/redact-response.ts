import { redactText } from '#lib/redact'

/** Statuses whose answers have no body (Fetch, 2.2.3). */
const BODILESS: ReadonlySet<number> = new Set([101, 204, 205, 304])

/**
 * An answer without these texts, in headers and body: a server may send back what it was sent. The body is read for
 * that; it is searched byte by byte, so whatever it contains stays as it is otherwise.
 */
export async function redactResponse(response: Response, hidden: readonly string[]): Promise<Response> {
  const { status, statusText, url, redirected } = response
  const headers = new Headers()
  for (const [name, value] of response.headers) headers.append(name, redactText(value, hidden))
  const body = redactBytes(await response.arrayBuffer(), hidden)
  if (headers.has('content-length')) headers.set('content-length', String(body.byteLength))
  const redacted = new Response(BODILESS.has(status) || response.body === null ? null : body, {
    status,
    statusText: redactText(statusText, hidden),
    headers,
  })
  Object.defineProperty(redacted, 'url', { value: redactText(url, hidden) })
  Object.defineProperty(redacted, 'redirected', { value: redirected })
  return redacted
}

/** Latin-1 is one character a byte, both ways. */
function redactBytes(bytes: ArrayBuffer, hidden: readonly string[]): Uint8Array<ArrayBuffer> {
  const needles = hidden.map((text) => Buffer.from(text, 'utf8').toString('latin1'))
  const text = redactText(Buffer.from(bytes).toString('latin1'), needles)
  return new Uint8Array(Buffer.from(text, 'latin1'))
}
