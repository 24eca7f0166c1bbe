import type { ChatEvent } from '#core/chat/turn'
import { createUiWriter } from '#core/chat/ui-stream'

const encoder = new TextEncoder()

/** Whether a turn's answer is there, or waits for a person. */
export function isEndOf(turnId: string, event: ChatEvent): boolean {
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
