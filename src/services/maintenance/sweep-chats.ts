import { and, asc, eq, exists, inArray, isNull, lt, sql } from 'drizzle-orm'
import { chatSession } from '#actors'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const CHATS_AT_ONCE = 50
const ACTORS_AT_ONCE = 10
/** Younger ones have an alarm of their own in any case. */
const QUIET_MS = 15 * 60_000

/**
 * Deletes the private chats of closed accounts, and empties the actors of chats that are gone.
 *
 * @returns whether there may be more
 */
export async function sweepChats({ env, db }: MaintenanceCtx): Promise<boolean> {
  const { chats, chatDeletions } = db.tables
  const orphans = db
    .select({ id: chats.id })
    .from(chats)
    .where(and(isNull(chats.created_by), eq(chats.visibility, 'private')))
    .limit(CHATS_AT_ONCE)
  const isOrphan = inArray(chats.id, orphans)
  await db.batch([
    db
      .insert(chatDeletions)
      .select(
        db
          .select({ chat_id: chats.id, created_at: sql`now()`.as('at') })
          .from(chats)
          .where(isOrphan),
      )
      .onConflictDoNothing(),
    db.delete(chats).where(
      exists(
        db
          .select({ one: sql`1` })
          .from(chatDeletions)
          .where(eq(chatDeletions.chat_id, chats.id)),
      ),
    ),
  ])
  const gone = await db
    .select({ id: chatDeletions.chat_id })
    .from(chatDeletions)
    .orderBy(asc(chatDeletions.created_at))
    .limit(CHATS_AT_ONCE)
  for (let start = 0; start < gone.length; start += ACTORS_AT_ONCE) {
    const group = gone.slice(start, start + ACTORS_AT_ONCE)
    await Promise.all(group.map(({ id }) => chatSession(env, id).destroy()))
    const ids = group.map(({ id }) => id)
    await db.delete(chatDeletions).where(inArray(chatDeletions.chat_id, ids))
  }
  return gone.length === CHATS_AT_ONCE
}

/**
 * Asks the actors of chats in which an answer has been on its way for long how they are: whoever is asked goes on, and
 * sets the alarm that was lost (P5).
 *
 * @returns false: once in a sweep is enough
 */
export async function wakeChats({ env, db, now }: MaintenanceCtx): Promise<boolean> {
  const { chats } = db.tables
  const rows = await db
    .select({ id: chats.id, workspaceId: chats.workspace_id })
    .from(chats)
    .where(
      and(
        sql`${chats.last_message} ->> 'status' in ('queued', 'streaming')`,
        lt(chats.updated_at, new Date(now() - QUIET_MS)),
      ),
    )
    // In no order: those that an execution answers may wait for days, and would stand before all others.
    .orderBy(sql`random()`)
    .limit(CHATS_AT_ONCE)
  for (let start = 0; start < rows.length; start += ACTORS_AT_ONCE) {
    const group = rows.slice(start, start + ACTORS_AT_ONCE)
    await Promise.allSettled(group.map(({ id, workspaceId }) => chatSession(env, id).position(workspaceId)))
  }
  return false
}
