import { and, eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workflow, WorkflowPatch } from '#core/workflow/workflow'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { expectSchedules, listScheduleIds, syncSchedules } from '#services/triggers/tell-schedules'
import { isSlugTaken } from './insert-workflow.ts'
import { toWorkflow } from './to-workflow.ts'

/**
 * Changes what is given. A new definition is a new version; runs go on with the one that they started with.
 *
 * @throws AppError `not_found`, `slug_taken`
 */
export async function updateWorkflow(ctx: Ctx, id: string, patch: WorkflowPatch): Promise<Workflow> {
  const { workflows } = ctx.db.tables
  const version = patch.definition === undefined ? {} : { version: sql`${workflows.version} + 1` }
  const change = ctx.db
    .update(workflows)
    .set({ ...patch, ...version, updated_at: new Date(ctx.now()) })
    .where(and(eq(workflows.id, id), eq(workflows.workspace_id, ctx.principal.workspaceId)))
    .returning()
  // Those of a workflow that is no longer active find that out when they ring.
  const schedules = patch.is_active === true ? await listScheduleIds(ctx, id) : []
  await expectSchedules(ctx, schedules)
  const fact = { action: 'workflow.changed', resourceId: id, details: { fields: Object.keys(patch) } } as const
  const [row] = await audited(ctx, change, fact).catch((error: unknown) => {
    throw isSlugTaken(error) ? new AppError('slug_taken', { params: { slug: patch.slug ?? '' } }) : error
  })
  if (row === undefined) throw new AppError('not_found')
  await syncSchedules(ctx, schedules)
  return toWorkflow(row)
}
