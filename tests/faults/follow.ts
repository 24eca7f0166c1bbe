/** Follows one execution to its end through cuts and crashes, coming back with `?after`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { ExecutionFrame } from '#core/workflow/execution'
import { isLast } from '#tests/e2e/support/client'

const COME_BACK_MS = 50

export interface FollowOptions {
  /** `ws://host/api/v1/ws/execution/{id}?token=…`. */
  readonly url: string
  /** The socket is broken off after so many frames; the next one too, until the run has ended. */
  readonly cutAfter: () => number
  /** Tells each cut. */
  readonly onCut: () => void
  readonly signal: AbortSignal
}

/** The frames of one socket, until it is cut or ends. */
function take(url: string, count: number, signal: AbortSignal): Promise<ExecutionFrame[]> {
  return new Promise((done) => {
    const frames: ExecutionFrame[] = []
    const socket = new WebSocket(url)
    const end = (): void => {
      socket.terminate()
      done(frames)
    }
    signal.addEventListener('abort', end, { once: true })
    socket.on('error', () => undefined).on('close', () => done(frames))
    socket.on('message', (data: Buffer) => {
      const frame: unknown = JSON.parse(String(data))
      const event = ExecutionFrame.safeParse(frame)
      if (!event.success || frames.length >= count) return
      frames.push(event.data)
      if (frames.length >= count || isLast(event.data)) end()
    })
  })
}

/** Every frame that came, in the order in which it came, until the last one of the run or the signal. */
export async function follow({ url, cutAfter, onCut, signal }: FollowOptions): Promise<ExecutionFrame[]> {
  const seen: ExecutionFrame[] = []
  while (!signal.aborted && !seen.some(isLast)) {
    const frames = await take(`${url}&after=${seen.at(-1)?.seq ?? 0}`, cutAfter(), signal)
    seen.push(...frames)
    if (frames.length === 0) await sleep(COME_BACK_MS)
    else if (!seen.some(isLast)) onCut()
  }
  return seen
}
