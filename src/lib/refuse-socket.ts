/** Close codes of `contract.md`, for browsers to read: a refused handshake would only tell them "failed". */
export const CLOSE = {
  credentials: 4001,
  forbidden: 4003,
  notFound: 4004,
  policy: 1008,
  internal: 1011,
  tryAgain: 1013,
} as const

/** Accepts a websocket only to close it with a code and a reason (at most 123 bytes). */
export function refuseSocket(code: (typeof CLOSE)[keyof typeof CLOSE], reason: string): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.close(code, reason)
  return new Response(null, { status: 101, webSocket: client })
}
