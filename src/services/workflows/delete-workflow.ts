import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'

/**
 * Deletes a workflow and its versions. Its executions stay in the history, and what runs goes on to its end.
 *
 * @throws AppError `not_found`
 */
export async function deleteWorkflow(ctx: Ctx, id: string): Promise<void> {
  const { workflows } = ctx.db.tables
  const deletion = ctx.db
    .delete(workflows)
    .where(and(eq(workflows.id, id), eq(workflows.workspace_id, ctx.principal.workspaceId)))
    .returning({ id: workflows.id })
  const deleted = await audited(ctx, deletion, { action: 'workflow.deleted', resourceId: id })
  if (deleted.length === 0) throw new AppError('not_found')
}
