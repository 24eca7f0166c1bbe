import { and, asc, gt, isNull, lt, or } from 'drizzle-orm'
import { workflowRun } from '#actors'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const MINUTE_MS = 60_000
const EXECUTIONS_AT_ONCE = 100
const QUESTIONS_AT_ONCE = 10
/** Younger ones have an alarm of their own in any case. */
const QUIET_MS = 15 * MINUTE_MS

/**
 * Asks the actors of executions that go on, or that ended and were not archived in time, how they are: whoever is asked
 * goes on, and sets the alarm that was lost (P5).
 *
 * @param after the id that the last call ended with
 * @returns the id to go on behind, undefined at the end of the list
 */
export async function wakeExecutions(
  { env, db, config, now }: MaintenanceCtx,
  after: string | undefined,
): Promise<string | undefined> {
  const { executions } = db.tables
  const archivedBy = new Date(now() - config.RETENTION_ACTOR_MINUTES * MINUTE_MS - QUIET_MS)
  const rows = await db
    .select({ id: executions.id, workspaceId: executions.workspace_id })
    .from(executions)
    .where(
      and(
        isNull(executions.archived_at),
        lt(executions.created_at, new Date(now() - QUIET_MS)),
        or(isNull(executions.finished_at), lt(executions.finished_at, archivedBy)),
        after === undefined ? undefined : gt(executions.id, after),
      ),
    )
    .orderBy(asc(executions.id))
    .limit(EXECUTIONS_AT_ONCE)
  for (let start = 0; start < rows.length; start += QUESTIONS_AT_ONCE) {
    const group = rows.slice(start, start + QUESTIONS_AT_ONCE)
    await Promise.allSettled(group.map(({ id, workspaceId }) => workflowRun(env, id).describe(workspaceId)))
  }
  return rows.length === EXECUTIONS_AT_ONCE ? rows.at(-1)?.id : undefined
}
