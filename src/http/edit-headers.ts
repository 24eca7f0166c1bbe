import type { Context } from 'hono'

/**
 * Changes the headers of an answer. Those of answers from bindings are read-only: such an answer is replaced, which costs
 * a stream for its body. A websocket's answer keeps its socket.
 *
 * @param edit called once more where the first change of the first call was refused
 */
export function editHeaders(c: Context, edit: (headers: Headers) => void): void {
  const { res } = c
  try {
    return edit(res.headers)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  const { body, status, headers: former, webSocket } = res
  const headers = new Headers(former)
  edit(headers)
  // Without this hono would put the former values back over the new ones.
  c.res = undefined
  c.res = new Response(body, { status, headers, webSocket })
}
