import { type ChatClientFrame, parseChatFrame, toNotice } from '#core/chat/frame'
import { ERRORS, type ErrorCode } from '#core/errors'
import { DEFAULT_LOCALE, say } from '#core/messages'
import { newId } from '#lib/ids'
import type { LiveChat } from './live-chat.ts'

interface Holder {
  readonly userId: string | undefined
  /** As what the socket was let in. */
  readonly kind: string | undefined
}

/** Does what a client says, or answers with an `error` frame; the socket stays open. */
export function answerChatFrame(live: LiveChat, socket: WebSocket, holder: Holder, text: string | ArrayBuffer): void {
  const refuse = (code: ErrorCode): void => {
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
      const problem = act(live, userId, frame)
      return problem === undefined ? undefined : refuse(problem)
    }
    default:
      return frame satisfies never
  }
}

type Act = Extract<ChatClientFrame, { type: 'chat_message' | 'stop' | 'approve' }>

function act(live: LiveChat, userId: string, frame: Act): ErrorCode | undefined {
  if (frame.type === 'stop') {
    live.stop()
    return undefined
  }
  if (frame.type === 'approve') {
    const { call_id: callId, ...decision } = frame.data
    const answer = live.decide({ callId, by: userId, ...decision })
    if (answer === 'unknown') return 'chat_call_unknown'
    return answer === 'decided' ? 'chat_call_decided' : undefined
  }
  const { id = newId(), message, attachments, metadata = null, interrupt } = frame.data
  // Files of the workspace are found out about by the worker: over REST.
  if (attachments != null && attachments.length > 0) return 'chat_attachments_unavailable'
  if (message.trim() === '') return 'chat_message_empty'
  const said = live.say({ id, userId, text: message, files: [], metadata, interrupt })
  return said.status === 'said' ? undefined : 'chat_queue_full'
}
