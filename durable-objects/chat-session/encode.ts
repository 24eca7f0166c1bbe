import { type History, toChatFrame, toHistory } from '#core/chat/frame'
import type { ChatEvent } from '#core/chat/turn'
import { createUiWriter } from '#core/chat/ui-stream'

const encoder = new TextEncoder()

/** A frame as a server-sent event: `Last-Event-ID` is its `seq`. */
export function encodeEvent(chatId: string, seq: number, event: ChatEvent): Uint8Array {
  const frame = toChatFrame(chatId, seq, event)
  return encoder.encode(`id: ${seq}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)
}

export function encodeHistory(chatId: string, history: History): Uint8Array {
  const frame = toHistory(chatId, Date.now(), history)
  return encoder.encode(`id: ${history.seq}\nevent: history\ndata: ${JSON.stringify(frame)}\n\n`)
}

/** Whether a turn's answer is there, or waits for a person. */
export function isEndOf(turnId: string | undefined, event: ChatEvent): boolean {
  return event.type === 'message' && event.message.role === 'assistant' && event.message.turn_id === turnId
}

/** Encodes the events of a turn for the AI SDK; behind the last one the stream says that it is done. */
export function createUiEncoder(
  turn: { readonly id: string; readonly messageId: string },
  isContinued: boolean,
): (seq: number, event: ChatEvent) => Uint8Array {
  const writer = createUiWriter(turn, isContinued)
  return (_seq, event) => {
    const lines = writer.write(event).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
    return encoder.encode([...lines, ...(isEndOf(turn.id, event) ? ['data: [DONE]\n\n'] : [])].join(''))
  }
}
