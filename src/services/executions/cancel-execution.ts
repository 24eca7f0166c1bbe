import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { tellExecution } from './tell-execution.ts'

/**
 * Cancels an execution; nodes in flight are aborted.
 *
 * @throws AppError `not_found`; `execution_finished` when it has already ended
 */
export function cancelExecution(ctx: Ctx, id: string): Promise<Execution> {
  return tellExecution(ctx, id, (actor, workspaceId, by) => actor.cancel(workspaceId, by))
}
