/** What a workflow that answers a chat is given of it. */
import type { Json, JsonObject } from '#lib/json'
import { untilTurn } from './history.ts'
import type { ChatMessage } from './message.ts'
import type { ChatHeader, Turn } from './turn.ts'

/** Of the messages before, together: the latest that fit. */
const MAX_HISTORY_CHARS = 262_144

/**
 * What nodes read as `$trigger`.
 *
 * @param messages those that stand, in reading order
 * @param limit how many of those before are given along
 */
export function toChatTrigger(
  { chatId }: ChatHeader,
  { id, userId, speaker }: Turn,
  messages: readonly ChatMessage[],
  limit: number,
): JsonObject {
  const before = [...untilTurn(messages, id)]
  const said = before.pop()
  return {
    type: 'chat',
    chat: { id: chatId },
    message: {
      id: said?.id ?? null,
      content: said?.content ?? '',
      attachments: (said?.parts ?? []).flatMap((part) => {
        if (part.type !== 'file') return []
        const { file_id, filename, content_type, size } = part
        return [{ file_id, filename, content_type, size }]
      }),
      metadata: said?.metadata ?? null,
    },
    history: toHistory(before, limit),
    user: { id: userId, name: speaker?.name ?? '' },
  }
}

/** An answer that failed before its first word is none. */
function toHistory(messages: readonly ChatMessage[], limit: number): Json[] {
  let chars = 0
  const latest = messages
    .filter(({ content }) => content !== '')
    .toReversed()
    .slice(0, limit)
  const tooMany = latest.findIndex(({ content }) => (chars += content.length) > MAX_HISTORY_CHARS)
  return latest
    .slice(0, tooMany === -1 ? latest.length : tooMany)
    .toReversed()
    .map(({ role, content }) => ({ role, content }))
}
