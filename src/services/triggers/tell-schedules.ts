/**
 * Schedules hear of changes twice: before the commit, so that they look in PostgreSQL within seconds even when we crash
 * right behind it, and after it, so that they know at once. What they may do only PostgreSQL says.
 */
import { and, eq } from 'drizzle-orm'
import { schedule } from '#actors'
import { logLine } from '#lib/log'
import type { Ctx } from '#services/context'

export async function expectSchedules(ctx: Ctx, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => schedule(ctx.env, id).expect(id)))
}

/** A failure changes nothing: they look by themselves soon. */
export async function syncSchedules(ctx: Ctx, ids: readonly string[]): Promise<void> {
  const answers = await Promise.allSettled(ids.map((id) => schedule(ctx.env, id).sync(id)))
  const failed = answers.filter(({ status }) => status === 'rejected').length
  if (failed > 0) logLine('warn', { request_id: ctx.requestId, code: 'schedule_sync_failed', schedules: failed })
}

/** The schedules that a workflow has or had. */
export async function listScheduleIds(ctx: Ctx, workflowId: string): Promise<string[]> {
  const { workflowTriggers: triggers } = ctx.db.tables
  const rows = await ctx.db
    .select({ id: triggers.id })
    .from(triggers)
    .where(
      and(
        eq(triggers.workspace_id, ctx.principal.workspaceId),
        eq(triggers.workflow_id, workflowId),
        eq(triggers.kind, 'schedule'),
      ),
    )
  return rows.map(({ id }) => id)
}
