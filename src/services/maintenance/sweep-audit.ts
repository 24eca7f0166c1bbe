import { and, eq, isNull, lt, notExists, or, type SQL, sql } from 'drizzle-orm'
import { findOverdue } from './find-overdue.ts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const LINES_AT_ONCE = 1_000
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Deletes lines of the audit log that are older than their workspace keeps them, and those of the installation and of
 * workspaces that are gone by the installation's default.
 *
 * @returns whether there may be more
 */
export async function sweepAudit(ctx: MaintenanceCtx): Promise<boolean> {
  const { db, config, now } = ctx
  const { auditLog, workspaces } = db.tables
  const defaultDays = config.RETENTION_AUDIT_DAYS
  const isOwn = eq(auditLog.workspace_id, workspaces.id)
  const found = await findOverdue(ctx, 'audit_days', defaultDays, (before) =>
    db
      .select({ one: sql`1` })
      .from(auditLog)
      .where(and(isOwn, lt(auditLog.created_at, before))),
  )
  if (found !== undefined) {
    await deleteLines(ctx, and(eq(auditLog.workspace_id, found.workspaceId), lt(auditLog.created_at, found.before)))
    return true
  }
  if (defaultDays === 0) return false
  const owner = db
    .select({ one: sql`1` })
    .from(workspaces)
    .where(isOwn)
  const isOld = lt(auditLog.created_at, new Date(now() - defaultDays * DAY_MS))
  const gone = await deleteLines(ctx, and(isOld, or(isNull(auditLog.workspace_id), notExists(owner))))
  return gone === LINES_AT_ONCE
}

/** The table refuses it to whoever does not say, in the same transaction, that it is for this. */
async function deleteLines({ db }: MaintenanceCtx, isOld: SQL | undefined): Promise<number> {
  const { auditLog } = db.tables
  const some = db
    .select({ place: sql`ctid` })
    .from(auditLog)
    .where(isOld)
    .limit(LINES_AT_ONCE)
  const [, gone] = await db.batch([
    db.execute(sql`select set_config('synapscale.retention', 'on', true)`),
    db
      .delete(auditLog)
      .where(sql`ctid = any(array(${some}))`)
      .returning({ id: auditLog.id }),
  ])
  return gone.length
}
