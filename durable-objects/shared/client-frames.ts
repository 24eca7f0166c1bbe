import { parseClientFrame } from '#core/socket'

/** Answers what a client says on a socket that follows a log. */
export function answerFrame(
  socket: WebSocket,
  message: string | ArrayBuffer,
  { acknowledge, stats }: { readonly acknowledge: () => void; readonly stats: () => unknown },
): void {
  // What a client still says while we close its socket.
  if (socket.readyState !== WebSocket.OPEN) return
  switch (parseClientFrame(message)?.type) {
    case 'heartbeat':
      return socket.send('{"type":"heartbeat_response"}')
    case 'ack':
    case 'pong':
      return acknowledge()
    case 'get_stats':
      return socket.send(JSON.stringify({ type: 'stats_response', data: stats() }))
    case undefined:
      return socket.send(
        JSON.stringify({ type: 'error', data: { message: 'Mensagem desconhecida / unknown message' } }),
      )
  }
}

/** Answers a client's close. */
export function answerClose(socket: WebSocket, code: number): void {
  // What may not be sent comes nonetheless: 1005 and 1006 say that no code came, and a client may send any number.
  socket.close(code === 1000 || (code >= 3000 && code < 5000) ? code : 1000)
}

/** Answered by the platform, without waking the actor. */
export function heartbeats(): WebSocketRequestResponsePair {
  return new WebSocketRequestResponsePair('{"type":"heartbeat"}', '{"type":"heartbeat_response"}')
}
