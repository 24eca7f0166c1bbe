import { and, eq, isNull, lte, sql } from 'drizzle-orm'
import { titleFrom, toLast } from '#core/chat/chat'
import type { ChatMessage } from '#core/chat/message'
import { messageEvent } from '#core/events/of-things'
import type { ChatHeader } from '#core/chat/turn'
import type { Db } from '#db/connect'
import { hasSubscribers, insertEvent } from '#services/events/insert-event'
import { DatabaseError } from '#db/errors'

const FOREIGN_KEY_VIOLATION = '23503'

/** A message as its actor has it. */
interface Projectable {
  readonly ordinal: number
  /** How often it was written. */
  readonly rev: number
  readonly isGone: boolean
  readonly message: ChatMessage
}

/** The chat as its actor has it at this moment. */
interface Summary {
  readonly count: number
  readonly last: ChatMessage | undefined
  /** What was said first. */
  readonly opening: string | undefined
  readonly seq: number
}

/**
 * Writes some messages of a chat, and what lists show of it. Idempotent, and never undoes a newer projection.
 *
 * @returns the title that the chat got by this, and whether subscriptions are to be told; undefined when there is no such chat any more, and nothing is written
 */
export async function projectChat(
  db: Db,
  { chatId, workspaceId }: ChatHeader,
  messages: readonly Projectable[],
  { count, last, opening, seq }: Summary,
): Promise<{ readonly title?: string | undefined; readonly isTold: boolean } | undefined> {
  const { chats, chatMessages } = db.tables
  const isThis = and(eq(chats.id, chatId), eq(chats.workspace_id, workspaceId))
  // A deletion of the chat waits for this, and then takes these rows along; or this waits, and finds it gone.
  const isTold = hasSubscribers(db, workspaceId)
  const [chat] = await db.select({ title: chats.title, isTold }).from(chats).where(isThis)
  if (chat === undefined) return undefined
  const title = chat.title === null && opening !== undefined ? titleFrom(opening) : undefined
  const rows = messages.map(({ ordinal, rev, isGone, message }) => ({
    chat_id: chatId,
    id: message.id,
    workspace_id: workspaceId,
    ordinal,
    rev,
    // PostgreSQL's text takes no NUL.
    content: message.content.replaceAll('\0', ''),
    body: message,
    is_superseded: isGone,
    created_at: new Date(message.created_at),
  }))
  const changed = { message_count: count, last_message: last === undefined ? null : toLast(last), seq }
  const update = db
    .update(chats)
    .set({ ...changed, ...(last && { updated_at: new Date(last.updated_at) }) })
    .where(and(isThis, lte(chats.seq, seq)))
  const naming = db
    .update(chats)
    .set({ title: title ?? null })
    .where(and(isThis, isNull(chats.title)))
    .returning({ title: chats.title })
  const insert = () =>
    db
      .insert(chatMessages)
      .values(rows)
      .onConflictDoUpdate({
        target: [chatMessages.chat_id, chatMessages.id],
        set: {
          rev: sql`excluded.rev`,
          content: sql`excluded.content`,
          body: sql`excluded.body`,
          is_superseded: sql`excluded.is_superseded`,
        },
        setWhere: sql`${chatMessages.rev} < excluded.rev`,
      })
  const events = messages.flatMap(({ isGone, message }) => (isGone ? [] : (messageEvent(chatId, message) ?? [])))
  const told = chat.isTold === true ? events.map((event) => insertEvent(db, workspaceId, event)) : []
  try {
    const [, named] = await db.batch([update, naming, ...(rows.length === 0 ? [] : [insert()]), ...told])
    return { title: named[0]?.title ?? undefined, isTold: told.length > 0 }
  } catch (error) {
    // Deleted between the two: the messages would have no chat.
    if (error instanceof DatabaseError && error.sqlState === FOREIGN_KEY_VIOLATION) return undefined
    throw error
  }
}
