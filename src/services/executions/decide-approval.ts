import type { Decision, DecisionInput } from '#core/workflow/approval'
import type { VisitRef } from '#core/workflow/event'
import type { Ctx } from '#services/context'
import { answerDecision } from './answer-decision.ts'
import { findActor, findExecution } from './find-execution.ts'
import { findCallerNames } from './find-caller-names.ts'
import { findPastReply } from './find-past-reply.ts'

/**
 * Decides what a node asks people, as a member of the workspace. The first decision stands; the same one again changes
 * nothing.
 *
 * @throws AppError `not_found`; `not_approver` when the node names others; `already_approved`, `already_rejected`,
 *   `approval_over`
 */
export async function decideApproval(ctx: Ctx, id: string, ref: VisitRef, input: DecisionInput): Promise<Decision> {
  const { email: by, names } = await findCallerNames(ctx)
  const decision = { decision: input.decision, comment: input.comment ?? null, by, names }
  const { workspaceId } = ctx.principal
  const reply =
    (await findActor(ctx, id)?.decideApproval(workspaceId, ref, decision)) ??
    (await findPastReply(ctx, { workspaceId, executionId: id, ref, names }))
  if (reply === undefined) await findExecution(ctx, id)
  return answerDecision(reply, input, by)
}
