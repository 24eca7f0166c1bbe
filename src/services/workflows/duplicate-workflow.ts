import { say } from '#core/messages'
import type { DuplicateInput, Workflow } from '#core/workflow/workflow'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findWorkflow } from './find-workflow.ts'
import { insertWorkflow } from './insert-workflow.ts'

const COPY_NAME = { pt: '{name} (cópia)', en: '{name} (copy)' }
const MAX_NAME_LENGTH = 255

/**
 * A new workflow with the draft of another; its versions and executions stay with that one.
 *
 * @throws AppError `not_found`
 */
export async function duplicateWorkflow(
  ctx: Ctx,
  workflowId: string,
  { name }: DuplicateInput,
  idempotency?: Idempotency,
): Promise<Workflow> {
  const { description, definition, tags, category, is_active, name: known } = await findWorkflow(ctx, workflowId)
  const id = await claimId(ctx, idempotency)
  const suffix = say(COPY_NAME, ctx.locale, { name: '' }).length
  const copyName = name ?? say(COPY_NAME, ctx.locale, { name: known.slice(0, MAX_NAME_LENGTH - suffix).toWellFormed() })
  return insertWorkflow(
    ctx,
    id,
    { name: copyName, description, definition, tags, category, is_active },
    { action: 'workflow.duplicated', details: { name: copyName, of: workflowId } },
  )
}
