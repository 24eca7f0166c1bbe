import type { Chat } from '#core/chat/chat'
import { type ChatMessage, toShown } from '#core/chat/message'
import type { Locale } from '#core/messages'
import { localizeNodeError } from '#core/workflow/node-error'
import type { Tables } from '#db/schema'

export type ChatRow = Tables['chats']['$inferSelect']

/** A chat's row as clients see it. */
export function toChat(row: ChatRow): Chat {
  return {
    id: row.id,
    title: row.title,
    agent_id: row.agent_id,
    workflow_id: row.workflow_id,
    visibility: row.visibility,
    is_archived: row.is_archived,
    created_by: row.created_by,
    message_count: row.message_count,
    last_message: row.last_message,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** A message as a reader of this language sees it. */
export function toMessageView(message: ChatMessage, locale: Locale): ChatMessage {
  const shown = toShown(message)
  return shown.error === null ? shown : { ...shown, error: localizeNodeError(shown.error, locale) }
}
