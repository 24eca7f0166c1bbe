import { AppError } from '#core/errors'
import { Decision, type DecisionInput } from '#core/workflow/approval'
import type { ApprovalReply } from '#core/workflow/waits'

/**
 * The decision that stands, when it is the one that was asked for: said twice it is said once.
 *
 * @param by who asked for it
 * @throws AppError `not_found`; `not_approver`; `already_approved`, `already_rejected` by whoever was first;
 *   `approval_over` when nobody decided
 */
export function answerDecision(reply: ApprovalReply | undefined, { decision }: DecisionInput, by: string): Decision {
  if (reply === undefined) throw new AppError('not_found')
  if (reply === 'not_approver') throw new AppError('not_approver')
  const standing = Decision.safeParse(reply.output)
  if (!standing.success) throw new AppError('approval_over')
  const { data } = standing
  if (data.decision === decision && data.by === by) return data
  throw new AppError(data.decision === 'approved' ? 'already_approved' : 'already_rejected', {
    params: { by: data.by },
  })
}
