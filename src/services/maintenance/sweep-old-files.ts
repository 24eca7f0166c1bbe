import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm'
import { EACH_ROW, withLine } from '#services/audit/audit'
import { doomedPrefixes } from '#services/files/delete-file'
import { findOverdue } from './find-overdue.ts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'
import { systemAudit } from './system-audit.ts'

const FILES_AT_ONCE = 100

/**
 * Deletes files that are older than their workspace keeps them; their objects go with the next sweep of those.
 *
 * @returns whether there may be more
 */
export async function sweepOldFiles(ctx: MaintenanceCtx): Promise<boolean> {
  const { db, config } = ctx
  const { files, objectDeletions, workspaces } = db.tables
  const found = await findOverdue(ctx, 'files_days', config.RETENTION_FILES_DAYS, (before) =>
    db
      .select({ one: sql`1` })
      .from(files)
      .where(and(eq(files.workspace_id, workspaces.id), lt(files.created_at, before))),
  )
  if (found === undefined) return false
  const { workspaceId, before } = found
  const isOld = and(eq(files.workspace_id, workspaceId), lt(files.created_at, before))
  const some = await db
    .select({ id: files.id })
    .from(files)
    .where(isOld)
    .orderBy(asc(files.created_at))
    .limit(FILES_AT_ONCE)
  const ids = some.map(({ id }) => id)
  const isOne = and(inArray(files.id, ids), isOld)
  const deletion = db.delete(files).where(isOne).returning({ id: files.id })
  await db.batch([
    db.select({ id: files.id }).from(files).where(isOne).for('update'),
    db.insert(objectDeletions).select(doomedPrefixes(db, isOne)).onConflictDoNothing(),
    withLine(systemAudit(ctx), db, deletion, { action: 'file.deleted', resourceId: EACH_ROW, workspaceId }),
  ])
  return true
}
