import type { Workflow, WorkflowInput } from '#core/workflow/workflow'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { insertWorkflow } from './insert-workflow.ts'

/**
 * Saves a new workflow. Its graph may still have problems: see `validateWorkflow`.
 *
 * @throws AppError `slug_taken`
 */
export async function createWorkflow(ctx: Ctx, input: WorkflowInput, idempotency?: Idempotency): Promise<Workflow> {
  const id = await claimId(ctx, idempotency)
  return insertWorkflow(ctx, id, input, { action: 'workflow.created', details: { name: input.name } })
}
