import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workflow } from '#core/workflow/workflow'
import type { Ctx } from '#services/context'
import { toWorkflow } from './to-workflow.ts'

/** @throws AppError `not_found`, also for another workspace's */
export async function findWorkflow(ctx: Ctx, id: string): Promise<Workflow> {
  const { workflows } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(workflows)
    .where(and(eq(workflows.id, id), eq(workflows.workspace_id, ctx.principal.workspaceId)))
  if (row === undefined) throw new AppError('not_found')
  return toWorkflow(row)
}
