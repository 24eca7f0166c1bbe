import type { VisitRef } from '#core/workflow/event'
import { type ApprovalReply, toApprovalReply } from '#core/workflow/waits'
import type { PublicCtx } from '#services/context'
import { findArchivedState } from './find-archived-state.ts'

interface Question {
  readonly workspaceId: string
  readonly executionId: string
  readonly ref: VisitRef
  readonly names: readonly string[]
}

/** What an execution whose actor is emptied answers to a decision: how it was decided, or that it is over. */
export async function findPastReply(
  ctx: Pick<PublicCtx, 'env' | 'db'>,
  { workspaceId, executionId, ref, names }: Question,
): Promise<ApprovalReply | undefined> {
  const state = await findArchivedState(ctx, workspaceId, executionId)
  return state && toApprovalReply(state, ref, names)
}
