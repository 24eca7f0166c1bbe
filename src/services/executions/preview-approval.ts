import { AppError } from '#core/errors'
import { type ApprovalPreview, type ApprovalToken, Decision } from '#core/workflow/approval'
import { toApprovalState } from '#core/workflow/waits'
import type { PublicCtx } from '#services/context'
import { findApprovalLink } from './find-approval-link.ts'
import { findArchivedState } from './find-archived-state.ts'

/**
 * What a mailed link asks, or how it was decided. Reading it decides nothing.
 *
 * @throws AppError `invalid_token`
 */
export async function previewApproval(ctx: PublicCtx, { token }: ApprovalToken): Promise<ApprovalPreview> {
  const { actor, workspaceId, executionId, ref, approver } = await findApprovalLink(ctx, token)
  const approval = (await actor.approval(workspaceId, ref)) ?? (await findPast())
  if (approval === undefined) throw new AppError('invalid_token')
  const { title, message, until, isOpen, output } = approval
  const decided = isOpen ? null : (Decision.safeParse(output).data ?? null)
  const status = isOpen ? 'open' : decided === null ? 'over' : 'decided'
  return { title, message, approver, until, status, decided }

  async function findPast() {
    const state = await findArchivedState(ctx, workspaceId, executionId)
    return state && toApprovalState(state, ref)
  }
}
