import { AppError } from '#core/errors'
import type { Decision, LinkDecisionInput } from '#core/workflow/approval'
import type { PublicCtx } from '#services/context'
import { answerDecision } from './answer-decision.ts'
import { findApprovalLink } from './find-approval-link.ts'
import { findPastReply } from './find-past-reply.ts'

/**
 * Decides what a mailed link asks, as the approver that it was sent to.
 *
 * @throws AppError `invalid_token`; `already_approved`, `already_rejected`, `approval_over`
 */
export async function decideByLink(ctx: PublicCtx, { token, ...input }: LinkDecisionInput): Promise<Decision> {
  const { actor, workspaceId, executionId, ref, approver } = await findApprovalLink(ctx, token)
  const decision = { decision: input.decision, comment: input.comment ?? null, by: approver, names: [approver] }
  const reply =
    (await actor.decideApproval(workspaceId, ref, decision)) ??
    (await findPastReply(ctx, { workspaceId, executionId, ref, names: decision.names }))
  if (reply === undefined) throw new AppError('invalid_token')
  return answerDecision(reply, input, approver)
}
