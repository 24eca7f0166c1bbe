import { z } from 'zod'

/** On whose behalf a socket is open: the session or the API key, whose end is the socket's. */
export const SocketHolder = z.object({ kind: z.enum(['session', 'api_key']), id: z.string(), userId: z.string() })
export type SocketHolder = z.infer<typeof SocketHolder>

/** What the worker has found out about whoever opens a socket; the actor is reachable for our own code only. */
export const SocketOrder = z.object({
  workspaceId: z.string(),
  holder: SocketHolder,
  /** The last `seq` that the client has, where it says so. */
  after: z.int().min(0).optional(),
  /** Unix milliseconds at which the token ends. */
  expiresAt: z.number(),
  /** The ticket to burn, when it came with one. */
  ticket: z.object({ id: z.string(), expiresAt: z.number() }).optional(),
})
export type SocketOrder = z.infer<typeof SocketOrder>

/** Whoever opens a socket, once authenticated. */
export type SocketCaller = Omit<SocketOrder, 'after'>

const ORDER_HEADER = 'x-socket-order'

/** The upgrade request that carries an order to an actor. */
export function toSocketRequest(order: SocketOrder): Request {
  return new Request('https://actor/socket', {
    headers: { upgrade: 'websocket', [ORDER_HEADER]: JSON.stringify(order) },
  })
}

export function readSocketOrder(request: Request): SocketOrder {
  return SocketOrder.parse(JSON.parse(request.headers.get(ORDER_HEADER) ?? 'null'))
}

/** What a client may say; anything else gets an `error` frame. */
export const ClientFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('ack'), seq: z.int().optional() }),
  z.object({ type: z.literal('pong') }),
  z.object({ type: z.literal('get_stats') }),
])
export type ClientFrame = z.infer<typeof ClientFrame>

/** The longest frame above takes a hundredth of this; the platform would hand us 32 MiB. */
const MAX_FRAME_CHARS = 4_096

/** A client's frame, or undefined when it is none. */
export function parseClientFrame(message: string | ArrayBuffer): ClientFrame | undefined {
  if (typeof message !== 'string' || message.length > MAX_FRAME_CHARS) return undefined
  try {
    return ClientFrame.safeParse(JSON.parse(message)).data
  } catch {
    return undefined
  }
}
