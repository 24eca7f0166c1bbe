import { acrossOrigins, withoutBodyHeaders } from './headers.ts'

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: BodyInit | null
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The request that a redirect asks for (Fetch, 4.4), or undefined when the answer is the last one: no redirect, no
 * `Location`, or one that wants a body sent again which was a stream and is gone, or which came under TLS and would go on
 * in the clear.
 */
export function nextHop(hop: Hop, response: { readonly status: number; readonly headers: Headers }): Hop | undefined {
  const location = response.headers.get('location')
  if (!REDIRECTS.has(response.status) || location === null) return undefined
  const target = URL.parse(location, hop.url)
  // What is no URL goes on as it is: the gate's check refuses it with its text.
  const url = target?.href ?? location
  const turned = becomesGet(response.status, hop.method)
    ? { method: 'GET', body: null, headers: withoutBodyHeaders(hop.headers) }
    : { method: hop.method, body: hop.body, headers: hop.headers }
  if (turned.body instanceof ReadableStream) return undefined
  if (turned.body !== null && isDowngrade(hop.url, target)) return undefined
  const isSameOrigin = target?.origin === new URL(hop.url).origin
  return { ...turned, url, headers: isSameOrigin ? turned.headers : acrossOrigins(turned.headers) }
}

function isDowngrade(from: string, to: URL | null): boolean {
  return from.startsWith('https:') && to?.protocol === 'http:'
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}
