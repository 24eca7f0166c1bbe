/** What it takes to remove workspaces with all that is in them; the deletion of an account does it too. */
import { and, asc, inArray, type SQL, sql } from 'drizzle-orm'
import { EXECUTION_STATUSES, isFinal } from '#core/workflow/run'
import type { Db } from '#db/connect'
import { logLine } from '#lib/log'
import { EACH_ROW, withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { rememberChats } from '#services/chats/delete-chats'
import { findActor } from '#services/executions/find-execution'
import { workspacePrefixOf } from '#services/executions/run-objects'

/** Actors asked at the same time. */
const CANCELS_AT_ONCE = 10
const LIVE_STATUSES = EXECUTION_STATUSES.filter((status) => !isFinal(status))

/** An execution that was running in a workspace that is gone. */
interface Orphan {
  readonly id: string
  readonly workspaceId: string
}

/**
 * The statements that remove workspaces, for one batch. What they own goes by its foreign keys; executions have none.
 *
 * @param db across workspaces: several may go at once
 * @param isDoomed a condition on `workspaces` that stays the same from the first statement to the last
 */
export function removeWorkspaces(ctx: Ctx, db: Db, isDoomed: SQL | undefined) {
  const { workspaces, executions, executionVisits: visits, objectDeletions } = db.tables
  const doomed = () => db.select({ id: workspaces.id }).from(workspaces).where(isDoomed)
  const isTheirs = () => inArray(executions.workspace_id, doomed())
  const removal = db.delete(workspaces).where(isDoomed).returning({ id: workspaces.id })
  return {
    // A projection that is under way is waited for, and then goes too; a later one finds the workspace gone.
    lock: doomed().orderBy(asc(workspaces.id)).for('update'),
    running: db
      .select({ id: executions.id, workspaceId: executions.workspace_id })
      .from(executions)
      .where(and(isTheirs(), inArray(executions.status, LIVE_STATUSES))),
    visits: db
      .delete(visits)
      .where(inArray(visits.execution_id, db.select({ id: executions.id }).from(executions).where(isTheirs()))),
    executions: db.delete(executions).where(isTheirs()),
    chats: rememberChats(db, inArray(db.tables.chats.workspace_id, doomed())),
    objects: db
      .insert(objectDeletions)
      .select(
        db
          .select({ prefix: workspacePrefixOf(workspaces.id).as('prefix'), created_at: sql`now()`.as('at') })
          .from(workspaces)
          .where(isDoomed),
      )
      .onConflictDoNothing(),
    workspaces: withLine(ctx, db, removal, { action: 'workspace.deleted', resourceId: EACH_ROW }),
  }
}

/** The workspaces are gone already: an actor that cannot be asked is told on the log, and its run goes on to its end. */
export async function cancelOrphans(ctx: Ctx, orphans: readonly Orphan[]): Promise<void> {
  for (let start = 0; start < orphans.length; start += CANCELS_AT_ONCE) {
    const group = orphans.slice(start, start + CANCELS_AT_ONCE)
    const cancels = group.map(async ({ id, workspaceId }) =>
      findActor(ctx, id)?.cancel(workspaceId, ctx.principal.userId),
    )
    const failed = (await Promise.allSettled(cancels)).filter(({ status }) => status === 'rejected').length
    if (failed > 0) logLine('warn', { request_id: ctx.requestId, code: 'cancel_failed', executions: failed })
  }
}
