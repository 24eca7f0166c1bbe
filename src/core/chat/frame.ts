/** What a chat's socket says, and what may be said to it. */
import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { Attachments } from './attachment.ts'
import { MAX_MESSAGE_CHARS } from './chat.ts'
import { type ChatMessage, toShown, withoutProvider } from './message.ts'
import type { ChatEvent } from './turn.ts'

export interface ChatFrame {
  readonly type: 'history' | 'chat_message' | 'message_delta' | 'session_update' | 'typing' | 'error' | 'pong'
  readonly seq?: number
  readonly chat_id: string
  readonly timestamp: string
  readonly data: unknown
}

/** An event of the log as every client gets it, live and replayed alike. */
export function toChatFrame(chatId: string, seq: number, event: ChatEvent): ChatFrame {
  const base = { seq, chat_id: chatId, timestamp: new Date(event.at).toISOString() }
  switch (event.type) {
    case 'message':
      return { type: 'chat_message', ...base, data: toShown(event.message) }
    case 'turn_started': {
      const { type: _, at: __, ...begun } = event
      return { type: 'session_update', ...base, data: { status: 'streaming', ...begun } }
    }
    case 'delta':
      return {
        type: 'message_delta',
        ...base,
        data: { message_id: event.message_id, delta: withoutProvider(event.event) },
      }
    case 'superseded':
      return { type: 'session_update', ...base, data: { superseded: event.message_ids } }
    case 'changed':
      return { type: 'session_update', ...base, data: event.data }
    default:
      return event satisfies never
  }
}

/** A frame that is no event: it has no `seq`. */
export function toNotice(chatId: string, type: ChatFrame['type'], now: number, data: unknown): ChatFrame {
  return { type, chat_id: chatId, timestamp: new Date(now).toISOString(), data }
}

export interface History {
  readonly seq: number
  readonly total: number
  readonly messages: readonly ChatMessage[]
}

/** Where a client stands that begins, or that was away for too long: all that it needs, and the `seq` to go on behind. */
export function toHistory(chatId: string, now: number, data: History): ChatFrame {
  return toNotice(chatId, 'history', now, { ...data, messages: data.messages.map(toShown) })
}

const said = {
  message: z.string().max(MAX_MESSAGE_CHARS),
  attachments: Attachments.nullish(),
  metadata: AnyJsonObject.nullish(),
  /** A client that repeats what it is not sure of: the same id is said once. */
  id: z.uuid().toLowerCase().optional(),
  interrupt: z.boolean().default(false),
}

export const ChatClientFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('chat_message'), data: z.object(said) }),
  z.object({ type: z.literal('stop') }),
  z.object({
    type: z.literal('approve'),
    data: z.object({
      call_id: z.string().max(500),
      approved: z.boolean().default(true),
      comment: z.string().max(2_000).nullable().default(null),
      answer: AnyJson.optional(),
    }),
  }),
  z.object({ type: z.literal('typing'), data: z.object({ isTyping: z.boolean() }) }),
  z.object({ type: z.enum(['ping', 'heartbeat', 'pong']) }),
  z.object({ type: z.literal('ack'), seq: z.int().optional() }),
])
export type ChatClientFrame = z.infer<typeof ChatClientFrame>

/** A message, its metadata and an answer with all their escapes. */
const MAX_FRAME_CHARS = 1_000_000

/** A client's frame, or undefined when it is none. */
export function parseChatFrame(message: string | ArrayBuffer): ChatClientFrame | undefined {
  if (typeof message !== 'string' || message.length > MAX_FRAME_CHARS) return undefined
  try {
    return ChatClientFrame.safeParse(JSON.parse(message)).data
  } catch {
    return undefined
  }
}
