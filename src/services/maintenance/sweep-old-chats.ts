import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm'
import { EACH_ROW, withLine } from '#services/audit/audit'
import { rememberChats } from '#services/chats/delete-chats'
import { findOverdue } from './find-overdue.ts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'
import { systemAudit } from './system-audit.ts'

const CHATS_AT_ONCE = 50

/**
 * Deletes chats in which nothing was said for longer than their workspace keeps them; `sweepChats` empties their actors.
 *
 * @returns whether there may be more
 */
export async function sweepOldChats(ctx: MaintenanceCtx): Promise<boolean> {
  const { db, config } = ctx
  const { chats, workspaces } = db.tables
  const found = await findOverdue(ctx, 'chats_days', config.RETENTION_CHATS_DAYS, (before) =>
    db
      .select({ one: sql`1` })
      .from(chats)
      .where(and(eq(chats.workspace_id, workspaces.id), lt(chats.updated_at, before))),
  )
  if (found === undefined) return false
  const { workspaceId, before } = found
  const isOld = and(eq(chats.workspace_id, workspaceId), lt(chats.updated_at, before))
  const some = await db
    .select({ id: chats.id })
    .from(chats)
    .where(isOld)
    .orderBy(asc(chats.updated_at))
    .limit(CHATS_AT_ONCE)
  const ids = some.map(({ id }) => id)
  const isOne = and(inArray(chats.id, ids), isOld)
  const deletion = db.delete(chats).where(isOne).returning({ id: chats.id })
  await db.batch([
    // Whoever says something now waits, and finds the chat gone; or this waits, and leaves it.
    db.select({ id: chats.id }).from(chats).where(isOne).for('update'),
    rememberChats(db, isOne),
    withLine(systemAudit(ctx), db, deletion, { action: 'chat.deleted', resourceId: EACH_ROW, workspaceId }),
  ])
  return true
}
