/**
 * Server-sent events out of an actor's websocket: the worker opens the socket that a client would, and writes down what
 * it says. So the actor knows one kind of watcher only, sleeps between two frames (a stream of its own would keep it in
 * memory), and the workspace's hub ends it like any other with its session; heartbeats cost the actor nothing either.
 *
 * E1  What waits for a slow reader is bounded by the socket's window: the ping behind it is answered when all is read.
 *     Who does not read for half a minute is ended, and comes back with `Last-Event-ID`.
 * E2  Nothing is shown after the session, the membership or the token has ended.
 */
import { z } from '@hono/zod-openapi'
import { AppError, type ErrorCode } from '#core/errors'
import { CLOSE } from '#lib/refuse-socket'
import type { AppContext } from './app-env.ts'
import { EVENT_STREAM_TYPE } from './media-types.ts'

/** Proxies give up a connection that is silent for half a minute or more. */
const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 2_000
const BUSY_SECONDS = 5

/** Whatever an actor's socket says; what has no `seq` is no event. */
const Frame = z.looseObject({
  seq: z.int().optional(),
  event_type: z.string().optional(),
  type: z.string().optional(),
})
export type SocketFrame = z.infer<typeof Frame>

/** What the stream must know of the frames that it hands on. */
export interface StreamOptions {
  /** Whether nothing comes behind what the client has, as the socket's first frame says. */
  readonly isOver: (opening: SocketFrame) => boolean
  /** Whether this is the last event, after which the stream ends. */
  readonly isLast: (frame: SocketFrame, opening: SocketFrame) => boolean
  /** What a client comes back with behind this frame; undefined for one that is no event. Its `seq` when absent. */
  readonly idOf?: (frame: SocketFrame) => number | undefined
  /** What is written of a frame that has an id; with its id, kind and text when absent. */
  readonly write?: (frame: SocketFrame) => string
}

/** For the document: what a stream goes on behind. */
export const LastEventId = z.object({
  'last-event-id': z.coerce.number().int().min(0).optional().meta({
    description: 'For a stream: the last event that the client has. Browsers send it, and it wins over "after".',
  }),
})

/** Whether the client asks for server-sent events rather than for JSON. */
export function wantsEvents(c: Pick<AppContext, 'req'>): boolean {
  const types = (c.req.header('Accept') ?? '').split(',').map((type) => type.split(';', 1)[0]?.trim().toLowerCase())
  return types.includes(EVENT_STREAM_TYPE)
}

/** What a refusal on the socket is as an answer. */
const REFUSALS: Readonly<Record<number, ErrorCode>> = {
  [CLOSE.credentials]: 'invalid_credentials',
  [CLOSE.forbidden]: 'forbidden',
  [CLOSE.notFound]: 'not_found',
  [CLOSE.policy]: 'busy',
  [CLOSE.tryAgain]: 'busy',
}

/**
 * The answer that streams what a socket says: each frame with a `seq` is an event with that id. 204 when nothing will
 * come any more, which is what tells an `EventSource` not to come back.
 *
 * @param upgraded the response that upgrades to the socket
 * @throws AppError `invalid_credentials`, `forbidden`, `not_found`, `busy` when the socket refuses
 */
export async function answerEvents(
  upgraded: Response,
  { isOver, isLast, idOf = ({ seq }) => seq, write }: StreamOptions,
): Promise<Response> {
  const { webSocket: socket } = upgraded
  if (socket === null) throw new AppError('internal', { cause: upgraded.status })
  const opening = Promise.withResolvers<SocketFrame>()
  let opened: SocketFrame | undefined
  const feed = createFeed(socket)
  socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    const frame = Frame.parse(JSON.parse(text))
    if (opened === undefined) opening.resolve((opened = frame))
    if (frame.type === 'ping') feed.answerWhenRead('{"type":"pong"}')
    const id = idOf(frame)
    if (id === undefined) return
    const event = `id: ${id}\nevent: ${frame.event_type ?? frame.type ?? 'message'}\ndata: ${text}\n\n`
    feed.send(write === undefined ? event : write(frame))
    if (isLast(frame, opened)) feed.end()
  })
  socket.addEventListener('close', ({ code }) => {
    opening.reject(new AppError(REFUSALS[code] ?? 'internal', { retryAfterSeconds: BUSY_SECONDS }))
    feed.closed(code)
  })
  socket.accept()
  if (isOver(await opening.promise)) {
    feed.cancel()
    return new Response(null, { status: 204 })
  }
  return new Response(feed.stream, {
    headers: {
      'Content-Type': EVENT_STREAM_TYPE,
      'Cache-Control': 'no-store, no-transform',
      // nginx would gather it.
      'X-Accel-Buffering': 'no',
    },
  })
}

interface Feed {
  readonly stream: ReadableStream<Uint8Array>
  send(text: string): void
  /** Sends this to the socket once the reader has taken everything. */
  answerWhenRead(message: string): void
  /** Nothing follows: the stream ends when all is read. */
  end(): void
  /** The socket is closed. */
  closed(code: number): void
  cancel(): void
}

function createFeed(socket: WebSocket): Feed {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let waiting = [`retry: ${RECONNECT_MS}\n\n`]
  let answer: string | undefined
  let isEnding = false

  /** Hands on what waits, if the reader has taken what came before. */
  function pump(): void {
    if (controller === undefined || (controller.desiredSize ?? 0) <= 0) return
    if (waiting.length > 0) {
      const text = waiting.join('')
      // First: who waits for a chunk pulls the next one before this returns.
      waiting = []
      controller.enqueue(encoder.encode(text))
    } else if (isEnding) finish()
    else if (answer !== undefined) {
      const message = answer
      answer = undefined
      socket.send(message)
    }
  }

  function release(): void {
    clearInterval(heartbeat)
    controller = undefined
    waiting = []
    if (socket.readyState === WebSocket.OPEN) socket.close(1000)
  }

  function finish(): void {
    controller?.close()
    release()
  }

  const heartbeat = setInterval(() => {
    // A reader that is behind has enough to read.
    if (waiting.length === 0) waiting.push(':\n\n')
    pump()
  }, HEARTBEAT_MS)

  const stream = new ReadableStream<Uint8Array>({
    start(created) {
      controller = created
    },
    pull: pump,
    cancel: release,
  })
  return {
    stream,
    send(text) {
      waiting.push(text)
      pump()
    },
    answerWhenRead(message) {
      answer = message
      pump()
    },
    end() {
      isEnding = true
      pump()
    },
    closed(code) {
      if (controller === undefined) return
      if (code === 1000 && !isEnding) isEnding = true
      if (isEnding) return pump()
      // What has not been shown by now may not be any more; a reader that stands still is broken off.
      if (code === CLOSE.tryAgain) controller.error(new Error('not reading'))
      else controller.close()
      release()
    },
    cancel: release,
  }
}
