import { AppError } from '#core/errors'
import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findActor, findExecution, findProjected, hasEnded } from './find-execution.ts'

/**
 * Cancels an execution; nodes in flight are aborted.
 *
 * @throws AppError `not_found`; `execution_finished` when it has already ended
 */
export async function cancelExecution(ctx: Ctx, id: string): Promise<Execution> {
  const cancelled = await findActor(ctx, id)?.cancel(ctx.principal.workspaceId, ctx.principal.userId)
  // Of one that ended long ago the actor knows nothing any more.
  if (cancelled === undefined && !hasEnded(await findProjected(ctx, id))) throw new AppError('not_found')
  if (!cancelled) throw new AppError('execution_finished')
  return findExecution(ctx, id)
}
