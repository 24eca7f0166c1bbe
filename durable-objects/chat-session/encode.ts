import { toChatFrame } from '#core/chat/frame'
import type { ChatEvent } from '#core/chat/turn'

const encoder = new TextEncoder()

/** A frame as a server-sent event: `Last-Event-ID` is its `seq`. */
export function encodeEvent(chatId: string, seq: number, event: ChatEvent): Uint8Array {
  const frame = toChatFrame(chatId, seq, event)
  return encoder.encode(`id: ${seq}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)
}

/** Whether a turn's answer is there, or waits for a person. */
export function isEndOf(turnId: string | undefined, event: ChatEvent): boolean {
  return event.type === 'message' && event.message.role === 'assistant' && event.message.turn_id === turnId
}
