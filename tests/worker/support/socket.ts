/** A client's end of an execution's websocket, inside workerd. */
import { z } from 'zod'
import { ExecutionFrame } from '#core/workflow/execution'
import { upgrade } from './api.ts'

const Frame = z.looseObject({ seq: z.int().optional(), event_type: z.string().optional(), type: z.string().optional() })
type Frame = z.infer<typeof Frame>

export interface TestSocket {
  /** Everything that came, oldest first. */
  readonly frames: readonly Frame[]
  /** The frames with a `seq`. */
  events(): ExecutionFrame[]
  /** Waits for a frame, one that is there already included. */
  until(holds: (frame: Frame) => boolean): Promise<Frame>
  send(message: unknown): void
  close(code?: number): void
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly protocol: string | null
}

export interface SocketOptions {
  readonly headers?: Record<string, string>
  /** Answers pings, as a client that reads does; true by default. */
  readonly answersPings?: boolean
}

/** Opens a socket and follows it from its first frame on. */
export async function openSocket(
  path: string,
  { headers = {}, answersPings = true }: SocketOptions = {},
): Promise<TestSocket> {
  const response = await upgrade(path, headers)
  if (response.webSocket === null) throw new Error(`no websocket but ${response.status}: ${await response.text()}`)
  return followSocket(response, answersPings)
}

/** Follows the socket of an answer from its first frame on. */
export function followSocket({ webSocket: socket, headers }: Response, answersPings = true): TestSocket {
  if (socket === null) throw new Error('no websocket')
  const frames: Frame[] = []
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  const watchers = new Set<() => void>()
  socket.addEventListener('message', ({ data }) => {
    const frame = Frame.parse(JSON.parse(String(data)))
    frames.push(frame)
    if (answersPings && frame.type === 'ping' && socket.readyState === WebSocket.OPEN) socket.send('{"type":"pong"}')
    for (const look of watchers) look()
  })
  socket.addEventListener('close', ({ code, reason }) => closed.resolve({ code, reason }))
  socket.accept()
  return {
    frames,
    events: () => frames.filter(({ seq }) => seq !== undefined).map((frame) => ExecutionFrame.parse(frame)),
    until: (holds) =>
      new Promise((found) => {
        const look = (): void => {
          const frame = frames.find(holds)
          if (frame === undefined) return
          watchers.delete(look)
          found(frame)
        }
        watchers.add(look)
        look()
      }),
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    close: (code = 1000) => socket.close(code),
    closed: closed.promise,
    protocol: headers.get('Sec-WebSocket-Protocol'),
  }
}

const FINAL = new Set(['execution_completed', 'execution_failed', 'execution_cancelled'])

export function isLast({ event_type }: Frame): boolean {
  return FINAL.has(event_type ?? '')
}
