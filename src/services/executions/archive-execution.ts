import { and, eq, sql } from 'drizzle-orm'
import type { RunEvent } from '#core/workflow/event'
import { connect } from '#db/connect'
import { deletePrefix } from '#files/delete-prefix'
import { type ArchivedRun, putRunArchive } from '#files/run-archive'
import { archiveKey, executionPrefix } from './run-objects.ts'

/**
 * Keeps a finished run's events as one object, and then tells PostgreSQL so: from then on readers look there. May be
 * repeated. Of an execution that was deleted meanwhile nothing is left.
 *
 * @throws DatabaseUnavailable, and whatever R2 throws: then the actor stays
 */
export async function archiveExecution(env: Env, run: ArchivedRun, events: Iterable<RunEvent>): Promise<void> {
  const { workspaceId, executionId } = run.header
  await putRunArchive(env.FILES, archiveKey(workspaceId, executionId), run, events)
  const db = connect(env, { lane: workspaceId })
  const { executions } = db.tables
  const kept = await db
    .update(executions)
    .set({ archived_at: sql`now()` })
    .where(and(eq(executions.id, executionId), eq(executions.workspace_id, workspaceId)))
    .returning({ id: executions.id })
  if (kept.length > 0) return
  while (await deletePrefix(env.FILES, executionPrefix(workspaceId, executionId)));
}
