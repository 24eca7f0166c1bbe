/** A chat as a model reads it. */
import type { ModelMessage, UserContent } from '#core/agent/model'
import { toModelMessages } from '#core/agent/transcript'
import type { ChatMessage, FilePart } from './message.ts'

/** Each message of a person, followed by its answer: what is said while an answer comes stands behind that answer. */
export function inTurns(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const answers = Map.groupBy(
    messages.filter(({ role }) => role === 'assistant'),
    ({ turn_id }) => turn_id,
  )
  const asked = messages.filter(({ role }) => role === 'user')
  return asked.flatMap((message) => [message, ...(answers.get(message.turn_id) ?? [])])
}

/**
 * What came before the answer of a turn, and what it answers: the last message is the user's.
 *
 * @param messages in reading order; the model is given the last `limit` of them, beginning with a person's
 * @param open the files that the model takes; the others are only named
 */
export function toModelHistory(
  messages: readonly ChatMessage[],
  turnId: string,
  limit: number,
  open: (file: FilePart) => UserContent | undefined,
): readonly ModelMessage[] {
  const turns = inTurns(messages)
  const end = turns.findIndex(({ turn_id, role }) => turn_id === turnId && role === 'user')
  const known = turns.slice(Math.max(0, end + 1 - limit), end + 1)
  const begin = known.findIndex(({ role }) => role === 'user')
  return known.slice(begin).flatMap((message): readonly ModelMessage[] => {
    if (message.role === 'assistant') return toModelMessages(message.parts)
    const content = message.parts.flatMap((part): UserContent[] => {
      if (part.type === 'text') return [{ type: 'text', text: part.text }]
      if (part.type !== 'file') return []
      return [open(part) ?? { type: 'text', text: `[${part.filename}: ${part.content_type}, ${part.size} bytes]` }]
    })
    return content.length === 0 ? [] : [{ role: 'user', content }]
  })
}
