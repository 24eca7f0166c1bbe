import { z } from 'zod'
import { SocketOrder } from '#core/socket'
import { ChatHeader } from './turn.ts'

/** What the worker has found out about whoever opens a chat's socket. */
const ChatSocketOrder = SocketOrder.extend({
  chat: ChatHeader,
  /** Who may only read is shown everything and heard in nothing. */
  mayWrite: z.boolean(),
  /** Who may not read files cannot have a model read them. */
  mayReadFiles: z.boolean(),
})
export type ChatSocketOrder = z.infer<typeof ChatSocketOrder>

const ORDER_HEADER = 'x-socket-order'

/** The upgrade request that carries an order to a chat's actor. */
export function toChatSocketRequest(order: ChatSocketOrder): Request {
  const headers = { upgrade: 'websocket', [ORDER_HEADER]: JSON.stringify(order) }
  return new Request('https://actor/socket', { headers })
}

export function readChatSocketOrder(request: Request): ChatSocketOrder {
  return ChatSocketOrder.parse(JSON.parse(request.headers.get(ORDER_HEADER) ?? 'null'))
}
