import { parseClientFrame } from '#core/socket'
import { toFrame } from '#core/workflow/frame'
import { describeError, logLine } from '#lib/log'
import { CLOSE } from '#lib/refuse-socket'
import type { FoundArchive } from './find-archive.ts'

/** As for a live run (`durable-objects/shared/watchers`): how far a socket may be ahead of what its client answered for. */
const WINDOW_FRAMES = 1_000
const WINDOW_CHARS = 4_194_304
const PING_PATIENCE_MS = 30_000

/** The response that upgrades to a websocket which tells the past of an emptied run, and then closes. */
export function openArchiveSocket(archive: FoundArchive, after: number): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  const { executionId } = archive.run.header
  const data = { status: archive.status, last_seq: archive.lastSeq }
  const timestamp = new Date().toISOString()
  const confirmed = { event_type: 'subscription_confirmed', execution_id: executionId, node_id: null, timestamp, data }
  server.send(JSON.stringify(confirmed))
  tell(server, archive, after).catch((error: unknown) => {
    logLine('warn', { event: 'archive_unread', execution_id: executionId, error: describeError(error) })
    server.close(CLOSE.tryAgain, 'try again')
  })
  return new Response(null, { status: 101, webSocket: client })
}

async function tell(socket: WebSocket, { run, events }: FoundArchive, after: number): Promise<void> {
  const answers = listen(socket)
  let frames = 0
  let length = 0
  for await (const { seq, event } of events(after)) {
    if (frames >= WINDOW_FRAMES || length >= WINDOW_CHARS) {
      const answered = answers.next()
      socket.send('{"type":"ping"}')
      if (!(await answered)) return socket.close(CLOSE.tryAgain, 'not reading')
      frames = 0
      length = 0
    }
    if (socket.readyState !== WebSocket.OPEN) return
    const text = JSON.stringify(toFrame(run.header.executionId, seq, event))
    socket.send(text)
    frames += 1
    length += text.length
  }
  socket.close(1000, 'the execution is over')
}

/** `next` resolves with true when the client shows that it reads, with false when it does not in time, or leaves. */
function listen(socket: WebSocket): { next(): Promise<boolean> } {
  let settle: ((answered: boolean) => void) | undefined
  socket.addEventListener('message', ({ data }) => {
    const type = parseClientFrame(data)?.type
    if (type === 'ack' || type === 'pong') settle?.(true)
    if (type === 'heartbeat') socket.send('{"type":"heartbeat_response"}')
  })
  socket.addEventListener('close', () => settle?.(false))
  return {
    async next() {
      const waiting = Promise.withResolvers<boolean>()
      settle = waiting.resolve
      const timer = setTimeout(() => waiting.resolve(false), PING_PATIENCE_MS)
      const answered = await waiting.promise
      clearTimeout(timer)
      return answered
    },
  }
}
