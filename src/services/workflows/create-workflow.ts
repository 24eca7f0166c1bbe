import type { Workflow, WorkflowInput } from '#core/workflow/workflow'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findWorkflow } from './find-workflow.ts'
import { toWorkflow } from './to-workflow.ts'

/** Saves a new workflow. Its graph may still have problems: see `validateWorkflow`. */
export async function createWorkflow(ctx: Ctx, input: WorkflowInput, idempotency?: Idempotency): Promise<Workflow> {
  const id = await claimId(ctx, idempotency)
  const { workspaceId, userId } = ctx.principal
  const now = new Date(ctx.now())
  const creation = ctx.db
    .insert(ctx.db.tables.workflows)
    .values({
      ...input,
      id,
      workspace_id: workspaceId,
      status: 'draft',
      version: 1,
      created_by: userId,
      created_at: now,
      updated_at: now,
    })
    .onConflictDoNothing()
    .returning()
  const [row] = await audited(ctx, creation, {
    action: 'workflow.created',
    resourceId: id,
    details: { name: input.name },
  })
  return row === undefined ? findWorkflow(ctx, id) : toWorkflow(row)
}
