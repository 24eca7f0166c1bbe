import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, json, type pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { LastMessage } from '#core/chat/chat'
import type { ChatMessage } from '#core/chat/message'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** Chats, and what their actors have projected of what was said. */
export function chatTables(schema: ReturnType<typeof pgSchema>, users: Owner, workspaces: Owner) {
  const chats = schema.table(
    'chats',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      title: text(),
      agent_id: uuid(),
      /** Answers instead of an agent. */
      workflow_id: uuid(),
      visibility: text({ enum: ['private', 'workspace'] }).notNull(),
      is_archived: boolean().notNull().default(false),
      /** Null when the account is gone: a private chat then goes with the next sweep. */
      created_by: uuid().references(() => users.id, { onDelete: 'set null' }),
      message_count: integer().notNull().default(0),
      last_message: json().$type<LastMessage>(),
      /** The log's length at this projection: an older one never overwrites a newer one. */
      seq: integer().notNull().default(0),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      index('chats_list_idx').on(t.workspace_id, t.updated_at.desc(), t.id.desc()),
      index('chats_creator_idx').on(t.created_by),
      check('chats_answerer_check', sql`${t.agent_id} is null or ${t.workflow_id} is null`),
    ],
  )

  const chatMessages = schema.table(
    'chat_messages',
    {
      chat_id: ownedBy(chats),
      id: uuid().notNull(),
      workspace_id: uuid().notNull(),
      ordinal: integer().notNull(),
      /** How often it was written: see `seq` of chats. */
      rev: integer().notNull(),
      content: text().notNull(),
      body: json().$type<ChatMessage>().notNull(),
      /** Another one, or another answer, was put in its place. */
      is_superseded: boolean().notNull(),
      created_at: moment().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.chat_id, t.id] }),
      index('chat_messages_list_idx').on(t.chat_id, t.ordinal.desc()),
    ],
  )

  const messageFeedback = schema.table(
    'message_feedback',
    {
      chat_id: ownedBy(chats),
      message_id: uuid().notNull(),
      user_id: ownedBy(users),
      workspace_id: uuid().notNull(),
      /** Whose answer it was. */
      agent_id: uuid(),
      rating: text({ enum: ['up', 'down'] }).notNull(),
      comment: text(),
      created_at: createdAt(),
    },
    (t) => [
      primaryKey({ columns: [t.message_id, t.user_id] }),
      index('message_feedback_chat_idx').on(t.chat_id),
      index('message_feedback_time_idx').on(t.workspace_id, t.created_at.desc()),
    ],
  )

  /** Chats that are gone, and whose actors are not yet: written in the transaction that deletes them. */
  const chatDeletions = schema.table('chat_deletions', { chat_id: uuid().primaryKey(), created_at: createdAt() })
  return { chats, chatMessages, messageFeedback, chatDeletions }
}
