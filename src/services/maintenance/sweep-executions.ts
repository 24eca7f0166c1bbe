import { and, asc, eq, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { executionPrefix } from '#services/executions/run-objects'
import { countExecutions } from './count-executions.ts'
import { findOverdue } from './find-overdue.ts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const EXECUTIONS_AT_ONCE = 50
/** A run has up to 100,000 visits, and a statement 3.5 s. */
const VISITS_AT_ONCE = 5_000

/**
 * Deletes executions that ended longer ago than their workspace keeps them, once analytics has counted them: rows, visits
 * and objects.
 *
 * @returns whether there may be more
 */
export async function sweepExecutions(ctx: MaintenanceCtx): Promise<boolean> {
  const { db, config } = ctx
  await countExecutions(ctx)
  const { executions, objectDeletions, workspaces } = db.tables
  const found = await findOverdue(ctx, 'executions_days', config.RETENTION_EXECUTIONS_DAYS, (before) =>
    db
      .select({ one: sql`1` })
      .from(executions)
      .where(and(eq(executions.workspace_id, workspaces.id), lt(executions.finished_at, before))),
  )
  if (found === undefined) return false
  const isOld = and(eq(executions.workspace_id, found.workspaceId), lt(executions.finished_at, found.before))
  const old = await db
    .select({ id: executions.id, workspaceId: executions.workspace_id, archivedAt: executions.archived_at })
    .from(executions)
    .where(and(isNotNull(executions.finished_at), isNotNull(executions.counted_at), isOld))
    .orderBy(asc(executions.finished_at))
    .limit(EXECUTIONS_AT_ONCE)
  if (old.length === 0) return false
  const ids = old.map(({ id }) => id)
  await deleteVisits(ctx, ids)
  const prefixes = old.map(({ id, workspaceId }) => ({ prefix: executionPrefix(workspaceId, id) }))
  await db.batch([
    db.insert(objectDeletions).values(prefixes).onConflictDoNothing(),
    db.delete(executions).where(inArray(executions.id, ids)),
  ])
  // One that was never archived has its actor yet, which finds the row gone and empties itself.
  const unarchived = old.filter(({ archivedAt }) => archivedAt === null)
  await Promise.allSettled(unarchived.map(({ id, workspaceId }) => workflowRun(ctx.env, id).describe(workspaceId)))
  return true
}

async function deleteVisits({ db }: MaintenanceCtx, ids: readonly string[]): Promise<void> {
  const { executionVisits: visits } = db.tables
  const some = db
    .select({ place: sql`ctid` })
    .from(visits)
    .where(inArray(visits.execution_id, [...ids]))
    .limit(VISITS_AT_ONCE)
  for (;;) {
    const deletion = db.delete(visits).where(sql`ctid = any(array(${some}))`)
    const gone = await deletion.returning({ ordinal: visits.ordinal })
    if (gone.length < VISITS_AT_ONCE) return
  }
}
