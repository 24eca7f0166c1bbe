/** A chat as a model reads it. */
import type { ModelMessage, UserContent } from '#core/agent/model'
import { toModelMessages } from '#core/agent/transcript'
import type { ChatMessage, FilePart } from './message.ts'

/**
 * What came before the answer of a turn, and what it answers: the last message is the person's. Each message stands
 * before its answer, also where others were said while the answer came.
 *
 * @param messages in reading order
 */
export function untilTurn(messages: readonly ChatMessage[], turnId: string): readonly ChatMessage[] {
  const answers = Map.groupBy(
    messages.filter(({ role }) => role === 'assistant'),
    ({ turn_id }) => turn_id,
  )
  const asked = messages.filter(({ role }) => role === 'user')
  const turns = asked.flatMap((message) => [message, ...(answers.get(message.turn_id) ?? [])])
  return turns.slice(0, turns.findIndex(({ turn_id, role }) => turn_id === turnId && role === 'user') + 1)
}

/** @param open the files that the model takes; the others are only named */
export function toModelHistory(
  messages: readonly ChatMessage[],
  open: (file: FilePart) => UserContent | undefined,
): readonly ModelMessage[] {
  return messages.flatMap((message): readonly ModelMessage[] => {
    if (message.role === 'assistant') return toModelMessages(message.parts)
    const content = message.parts.flatMap((part): UserContent[] => {
      if (part.type === 'text') return [{ type: 'text', text: part.text }]
      if (part.type !== 'file') return []
      return [open(part) ?? { type: 'text', text: `[${part.filename}: ${part.content_type}, ${part.size} bytes]` }]
    })
    return content.length === 0 ? [] : [{ role: 'user', content }]
  })
}
