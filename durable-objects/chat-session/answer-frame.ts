import { toFileIds } from '#core/chat/attachment'
import type { FilePart } from '#core/chat/message'
import { type ChatClientFrame, parseChatFrame, toNotice } from '#core/chat/frame'
import { AppError, ERRORS, type ErrorCode } from '#core/errors'
import { DEFAULT_LOCALE, say } from '#core/messages'
import { connectWithin } from '#db/connect'
import { DatabaseUnavailable } from '#db/errors'
import { newId } from '#lib/ids'
import { findAttachments } from '#services/chats/find-attachments'
import type { LiveChat } from './live-chat.ts'

/** The mark of a socket whose holder may read files. */
export const READS_FILES = 'reads_files'
/** Messages whose files are being looked up; more are refused. */
const MAX_LOOKED_UP = 20

interface Holder {
  readonly userId: string | undefined
  /** As what the socket was let in. */
  readonly kind: string | undefined
  readonly mark: string | undefined
}

/** Does what a client says, or answers with an `error` frame; the socket stays open. */
export async function answerChatFrame(
  env: Env,
  live: LiveChat,
  socket: WebSocket,
  holder: Holder,
  text: string | ArrayBuffer,
): Promise<void> {
  const refuse = (code: ErrorCode): void => {
    if (socket.readyState !== WebSocket.OPEN) return
    const message = say(ERRORS[code].sentence, DEFAULT_LOCALE)
    socket.send(JSON.stringify(toNotice(live.header.chatId, 'error', Date.now(), { code, message })))
  }
  const frame = parseChatFrame(text)
  if (frame === undefined) return refuse('chat_bad_frame')
  switch (frame.type) {
    case 'ping':
      return socket.send('{"type":"pong"}')
    case 'heartbeat':
      return socket.send('{"type":"heartbeat_response"}')
    case 'ack':
    case 'pong':
      live.watchers.acknowledge(socket)
      return live.arm()
    case 'typing':
      return live.whisper('typing', { user_id: holder.userId ?? null, isTyping: frame.data.isTyping }, socket)
    case 'chat_message':
    case 'stop':
    case 'approve': {
      const { userId } = holder
      if (holder.kind !== 'chat' || userId === undefined) return refuse('forbidden')
      const problem =
        frame.type === 'chat_message' ? await speak(env, live, userId, holder, frame) : act(live, userId, frame)
      return problem === undefined ? undefined : refuse(problem)
    }
    default:
      return frame satisfies never
  }
}

type Say = Extract<ChatClientFrame, { type: 'chat_message' }>
type Act = Extract<ChatClientFrame, { type: 'stop' | 'approve' }>

function act(live: LiveChat, userId: string, frame: Act): ErrorCode | undefined {
  if (frame.type === 'stop') {
    live.stop()
    return undefined
  }
  const { call_id: callId, ...decision } = frame.data
  const answer = live.decide({ callId, by: userId, ...decision })
  if (answer === 'unknown') return 'chat_call_unknown'
  return answer === 'decided' ? 'chat_call_decided' : undefined
}

/** Messages of a chat that come behind one whose files are being looked up wait for it. */
const lookups = new WeakMap<LiveChat, { last: Promise<unknown>; count: number }>()

async function speak(
  env: Env,
  live: LiveChat,
  userId: string,
  { mark }: Holder,
  frame: Say,
): Promise<ErrorCode | undefined> {
  const ids = toFileIds(frame.data.attachments)
  if (ids.length > 0 && mark !== READS_FILES) return 'insufficient_scope'
  const pending = lookups.get(live) ?? { last: Promise.resolve(), count: 0 }
  if (ids.length === 0 && pending.count === 0) return speakWith(live, userId, frame, [])
  if (pending.count >= MAX_LOOKED_UP) return 'chat_queue_full'
  const before = pending.last
  const turn = (async () => {
    await before
    const { workspaceId } = live.header
    const files = await findAttachments({ db: connectWithin(env, workspaceId), principal: { workspaceId } }, ids)
    return live.isClosed ? 'not_found' : speakWith(live, userId, frame, files)
  })().catch((error: unknown): ErrorCode => {
    if (error instanceof DatabaseUnavailable) return 'database_unavailable'
    if (error instanceof AppError) return error.code
    throw error
  })
  pending.count += 1
  pending.last = turn.catch(() => undefined)
  lookups.set(live, pending)
  return turn.finally(() => (pending.count -= 1))
}

function speakWith(live: LiveChat, userId: string, frame: Say, files: readonly FilePart[]): ErrorCode | undefined {
  const { id = newId(), message, metadata = null, interrupt } = frame.data
  if (message.trim() === '' && files.length === 0) return 'chat_message_empty'
  const said = live.say({ id, userId, text: message, files, metadata, interrupt })
  return said.status === 'said' ? undefined : 'chat_queue_full'
}
