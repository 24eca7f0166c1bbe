import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db } from '#db/connect'

/**
 * The statement that remembers which chats are about to go, so that the sweep reaches their actors; the rows go by their
 * foreign keys, or by the next statement of the batch.
 *
 * @param isDoomed a condition on `chats`
 */
export function rememberChats(db: Db, isDoomed: SQL | undefined) {
  const { chats, chatDeletions } = db.tables
  const doomed = db
    .select({ chat_id: chats.id, created_at: sql`now()`.as('at') })
    .from(chats)
    .where(isDoomed)
  return db.insert(chatDeletions).select(doomed).onConflictDoNothing()
}

/** A condition on `chats`: what nobody may see once this account is gone. */
export function isPrivateOf(db: Db, userId: string): SQL | undefined {
  const { chats } = db.tables
  return and(eq(chats.created_by, userId), eq(chats.visibility, 'private'))
}
