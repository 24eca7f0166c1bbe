import type { WorkflowRunActor } from '#actors'
import { type ApprovalLink, verifyApprovalLink } from '#auth/approval-links'
import { AppError } from '#core/errors'
import type { PublicCtx } from '#services/context'
import { findActor } from './find-execution.ts'

export interface FoundLink extends ApprovalLink {
  readonly actor: WorkflowRunActor
  readonly ref: { readonly node_id: string; readonly visit: number }
}

/**
 * What a mailed link leads to.
 *
 * @throws AppError `invalid_token`, whatever is wrong with it
 */
export async function findApprovalLink(ctx: PublicCtx, token: string): Promise<FoundLink> {
  const link = await verifyApprovalLink(ctx.config, token, ctx.now())
  const actor = link && findActor(ctx, link.executionId)
  if (link === undefined || actor === undefined) throw new AppError('invalid_token')
  return { ...link, actor, ref: { node_id: link.nodeId, visit: link.visit } }
}
