/** Follows a log to its end through cuts and crashes, coming back with `?after`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'

const COME_BACK_MS = 50

const Ping = z.looseObject({ type: z.literal('ping') })

export const PONG = '{"type":"pong"}'

/** Whether the server wants to know that somebody reads. */
export function isPing(frame: unknown): boolean {
  return Ping.safeParse(frame).success
}

/** What every event of a log has. */
export interface Sequenced {
  readonly seq: number
}

export interface FollowOptions<Frame extends Sequenced> {
  /** `ws://host/api/v1/ws/execution/{id}?token=…`. */
  readonly url: string
  /** The frame when it is an event, else undefined. */
  readonly parse: (frame: unknown) => Frame | undefined
  readonly isLast: (frame: Frame) => boolean
  /** The socket is broken off after so many frames; the next one too, until the last frame has come. */
  readonly cutAfter: () => number
  /** Tells each cut. */
  readonly onCut: () => void
  readonly signal: AbortSignal
  /** What has come before. */
  readonly seen?: readonly Frame[]
}

type Follower<Frame extends Sequenced> = Pick<FollowOptions<Frame>, 'url' | 'parse' | 'isLast' | 'signal'>

/** The frames of one socket, until it is cut or ends. A ping is answered, as by whoever reads. */
function take<Frame extends Sequenced>(
  { url, parse, isLast, signal }: Follower<Frame>,
  after: number,
  count: number,
): Promise<Frame[]> {
  return new Promise((done) => {
    const frames: Frame[] = []
    const socket = new WebSocket(`${url}&after=${after}`)
    const end = (): void => {
      socket.terminate()
      done(frames)
    }
    signal.addEventListener('abort', end, { once: true })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      signal.removeEventListener('abort', end)
      done(frames)
    })
    socket.on('message', (data: Buffer) => {
      const frame: unknown = JSON.parse(String(data))
      if (isPing(frame)) socket.send(PONG)
      const event = parse(frame)
      if (event === undefined || frames.length >= count) return
      frames.push(event)
      if (frames.length >= count || isLast(event)) end()
    })
  })
}

/** Every event that came, in the order in which it came, until the last one or the signal. */
export async function follow<Frame extends Sequenced>(options: FollowOptions<Frame>): Promise<Frame[]> {
  const { signal, cutAfter, onCut, isLast } = options
  const seen = [...(options.seen ?? [])]
  while (!signal.aborted && !seen.some(isLast)) {
    const frames = await take(options, seen.at(-1)?.seq ?? 0, cutAfter())
    seen.push(...frames)
    if (frames.length === 0) await sleep(COME_BACK_MS)
    else if (!seen.some(isLast)) onCut()
  }
  return seen
}

/** Whether nothing is missing and nothing there twice. */
export function isDense(frames: readonly Sequenced[]): boolean {
  return frames.every(({ seq }, index) => seq === index + 1)
}
