import { AppError } from '#core/errors'
import type { ExecutionFrame } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findActor } from './find-execution.ts'

/**
 * The execution's events behind `after`, in order.
 *
 * @throws AppError `not_found`
 */
export async function listEvents(ctx: Ctx, id: string, after: number, limit: number): Promise<ExecutionFrame[]> {
  const frames = await findActor(ctx, id)?.events(ctx.principal.workspaceId, after, limit)
  if (frames === undefined) throw new AppError('not_found')
  return frames
}
