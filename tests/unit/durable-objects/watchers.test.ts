import { expect, it } from 'vitest'
import type { EventLog } from '#durable-objects/shared/event-log'
import { createWatchers } from '#durable-objects/shared/watchers'

const SOCKETS = 50

/** What the watchers use of a socket, and what it was sent. */
function createSocket() {
  let attachment: unknown = null
  const frames: string[] = []
  const socket = {
    readyState: WebSocket.OPEN,
    send: (text: string) => void frames.push(text),
    close: () => undefined,
    serializeAttachment: (value: unknown) => void (attachment = value),
    deserializeAttachment: () => attachment,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- workerd's own sockets are tested in tests/worker
  return { frames, socket: socket as unknown as WebSocket }
}

it('many who stand at the same place share one reading, and each frame is written once', () => {
  const events: string[] = []
  const reads: number[] = []
  const written: number[] = []
  const log = {
    lastSeq: () => events.length,
    read(after: number, limit: number) {
      reads.push(after)
      return events.slice(after, after + limit).map((event, index) => ({ seq: after + index + 1, event }))
    },
  }
  const all = Array.from({ length: SOCKETS }, createSocket)
  const watchers = createWatchers(
    () => all.map(({ socket }) => socket),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of a log is used
    log as EventLog<string>,
    (seq, event) => {
      written.push(seq)
      return { seq, event }
    },
    Date.now,
  )
  for (const { socket } of all) watchers.attach(socket, { after: 0, expiresAt: Date.now() + 60_000 })
  expect(reads).toEqual([])
  for (const event of ['um', 'dois', 'três']) {
    events.push(event)
    watchers.pump()
  }
  expect(reads).toEqual([0, 1, 2])
  expect(written).toEqual([1, 2, 3])
  const expected = ['um', 'dois', 'três'].map((event, index) => JSON.stringify({ seq: index + 1, event }))
  for (const { frames } of all) expect(frames).toEqual(expected)
})
