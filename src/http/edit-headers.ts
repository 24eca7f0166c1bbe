import type { Context } from 'hono'

/**
 * Changes the headers of an answer by replacing it, since those of answers from bindings are read-only. A websocket's
 * answer keeps its socket.
 */
export function editHeaders(c: Context, edit: (headers: Headers) => void): void {
  const { body, status, headers: former, webSocket } = c.res
  const headers = new Headers(former)
  edit(headers)
  // Without this hono would put the former values back over the new ones.
  c.res = undefined
  c.res = new Response(body, { status, headers, webSocket })
}
