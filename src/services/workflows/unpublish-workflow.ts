import { and, eq } from 'drizzle-orm'
import type { Workflow } from '#core/workflow/workflow'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findWorkflow } from './find-workflow.ts'
import { toWorkflow } from './to-workflow.ts'

/**
 * Takes the published version back: nothing starts by itself any more. Versions stay, and what runs goes on.
 *
 * @throws AppError `not_found`
 */
export async function unpublishWorkflow(ctx: Ctx, id: string): Promise<Workflow> {
  const { workflows } = ctx.db.tables
  const change = ctx.db
    .update(workflows)
    .set({ status: 'draft', published_version: null, updated_at: new Date(ctx.now()) })
    .where(
      and(
        eq(workflows.id, id),
        eq(workflows.workspace_id, ctx.principal.workspaceId),
        eq(workflows.status, 'published'),
      ),
    )
    .returning()
  const [row] = await audited(ctx, change, { action: 'workflow.unpublished', resourceId: id })
  // Nothing was published, which is what was asked for, or there is no such workflow.
  return row === undefined ? findWorkflow(ctx, id) : toWorkflow(row)
}
