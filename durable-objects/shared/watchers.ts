import { z } from 'zod'
import { CLOSE } from '#lib/refuse-socket'
import type { EventLog } from './event-log.ts'

/** Frames and bytes that a socket may be ahead of what its client has answered for. */
const WINDOW_FRAMES = 1_000
const WINDOW_BYTES = 4_194_304
/** A client whose window is full answers the ping within this time or is closed. */
const PING_PATIENCE_MS = 30_000
const READ_BATCH = 200

/** What a socket remembers across hibernation (at most 16 KiB). */
const Attachment = z.object({
  /** The last `seq` sent. */
  cursor: z.int(),
  frames: z.int(),
  bytes: z.int(),
  pingedAt: z.number().optional(),
  /** When the token that opened it ends, in Unix milliseconds. */
  expiresAt: z.number(),
})
type Attachment = z.infer<typeof Attachment>

/** The sockets that follow an actor's log: one cursor each, dense frames, never twice, never without end. */
export interface Watchers {
  attach(socket: WebSocket, options: { readonly after: number; readonly expiresAt: number }): void
  /** Sends every socket what it has not had yet. */
  pump(): void
  /** The client has shown that it reads. */
  acknowledge(socket: WebSocket): void
  /** Closes what has expired or does not answer. */
  sweep(now: number): void
  /** When `sweep` has something to do next. */
  nextSweep(): number | undefined
}

/** What comes behind a place in the log, each with its frame as it is sent. */
type Reading = (after: number) => readonly { readonly seq: number; readonly text: () => string }[]

/** Sockets that stand at the same place, as most do, share what is read: each frame is written once. */
function createReading<Event>(log: EventLog<Event>, toFrame: (seq: number, event: Event) => unknown): Reading {
  let latest: { readonly after: number; readonly batch: ReturnType<Reading> } | undefined
  return (after) => {
    if (latest?.after === after) return latest.batch
    const batch = log.read(after, READ_BATCH).map(({ seq, event }) => {
      let text: string | undefined
      return { seq, text: () => (text ??= JSON.stringify(toFrame(seq, event))) }
    })
    latest = { after, batch }
    return batch
  }
}

export function createWatchers<Event>(
  sockets: () => readonly WebSocket[],
  log: EventLog<Event>,
  toFrame: (seq: number, event: Event) => unknown,
  now: () => number,
): Watchers {
  // After hibernation the sockets are other objects, and what was kept with them is read again.
  const known = new WeakMap<WebSocket, Attachment>()
  const read = (socket: WebSocket): Attachment => known.get(socket) ?? Attachment.parse(socket.deserializeAttachment())
  const keep = (socket: WebSocket, attachment: Attachment): void => {
    socket.serializeAttachment(attachment)
    known.set(socket, attachment)
  }
  // One that we have closed stays in the list until its client has answered, which it may never do. One without an
  // attachment has not been let in yet.
  const isLetIn = (socket: WebSocket): boolean => known.has(socket) || socket.deserializeAttachment() !== null
  const open = (): readonly WebSocket[] =>
    sockets().filter((socket) => socket.readyState === WebSocket.OPEN && isLetIn(socket))

  /** Sends until the log ends or the client has to answer first. */
  function pumpOne(socket: WebSocket, readFrom: Reading): void {
    const { cursor, frames, bytes, ...rest } = read(socket)
    const sent = { cursor, frames, bytes }
    while (sent.cursor < log.lastSeq()) {
      const batch = readFrom(sent.cursor)
      // The log has let go of what this client has not had yet: it comes back for what there is instead.
      if (batch[0]?.seq !== sent.cursor + 1) return socket.close(CLOSE.tryAgain, 'fell behind')
      for (const { seq, text } of batch) {
        if (sent.frames >= WINDOW_FRAMES || sent.bytes >= WINDOW_BYTES) return ping(socket, { ...rest, ...sent })
        const frame = text()
        socket.send(frame)
        sent.cursor = seq
        sent.frames += 1
        sent.bytes += frame.length
      }
      keep(socket, { ...rest, ...sent })
    }
  }

  function ping(socket: WebSocket, state: Attachment): void {
    if (state.pingedAt === undefined) socket.send(JSON.stringify({ type: 'ping' }))
    keep(socket, { ...state, pingedAt: state.pingedAt ?? now() })
  }

  function pumpSafely(socket: WebSocket, readFrom = createReading(log, toFrame)): void {
    try {
      pumpOne(socket, readFrom)
    } catch {
      // A socket that broke while it was written to: its client comes back with `?after=`.
      socket.close(CLOSE.internal)
    }
  }

  return {
    attach(socket, { after, expiresAt }) {
      keep(socket, { cursor: after, frames: 0, bytes: 0, expiresAt })
      pumpSafely(socket)
    },
    pump() {
      const readFrom = createReading(log, toFrame)
      for (const socket of open()) pumpSafely(socket, readFrom)
    },
    acknowledge(socket) {
      const { cursor, expiresAt } = read(socket)
      keep(socket, { cursor, frames: 0, bytes: 0, expiresAt })
      pumpSafely(socket)
    },
    sweep(time) {
      for (const socket of open()) {
        const { expiresAt, pingedAt } = read(socket)
        if (expiresAt <= time) socket.close(CLOSE.credentials, 'token expired')
        else if (pingedAt !== undefined && pingedAt + PING_PATIENCE_MS <= time)
          socket.close(CLOSE.tryAgain, 'not reading')
      }
    },
    nextSweep() {
      const times = open().flatMap((socket) => {
        const { expiresAt, pingedAt } = read(socket)
        return pingedAt === undefined ? [expiresAt] : [expiresAt, pingedAt + PING_PATIENCE_MS]
      })
      return times.length === 0 ? undefined : Math.min(...times)
    },
  }
}
