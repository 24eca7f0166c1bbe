import { replay } from '#core/workflow/apply'
import { type RunOrder, toRetryOrder } from '#core/workflow/order'
import { isFinal } from '#core/workflow/run'
import { seedOf } from '#core/workflow/seed'
import type { RunEvent } from '#core/workflow/event'
import type { Ctx } from '#services/context'
import { findArchive } from './find-archive.ts'
import { findActor } from './find-execution.ts'

/** What a retry needs to know of the caller. */
interface RetryCtx extends Pick<Ctx, 'env' | 'config' | 'db' | 'now'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId'>
}

/**
 * What another run needs to go on from where this one ended, with all that was put out: from its actor, or from the
 * archive once that is emptied. undefined while it has not ended, when it has completed, and for another workspace's.
 */
export async function findRetryOrder(ctx: RetryCtx, id: string): Promise<Omit<RunOrder, 'header'> | undefined> {
  const { workspaceId } = ctx.principal
  const archive = await findArchive(ctx, workspaceId, id)
  if (archive === undefined) return findActor(ctx, id)?.retryOrder(workspaceId)
  const { plan } = archive.run
  const events: RunEvent[] = []
  for await (const { event } of archive.events(0)) events.push(event)
  const { status, inputs } = replay(plan, events)
  if (!isFinal(status) || status === 'completed') return undefined
  // Its objects are its own since before it was archived.
  return toRetryOrder(plan, inputs, seedOf(plan, events, ctx.now()), archive.run.header.executionId)
}
