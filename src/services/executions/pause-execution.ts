import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { tellExecution } from './tell-execution.ts'

/**
 * Lets what is in flight end and starts nothing new, until `resumeExecution`. Twice is once.
 *
 * @throws AppError `not_found`; `execution_finished` when it has already ended
 */
export function pauseExecution(ctx: Ctx, id: string): Promise<Execution> {
  return tellExecution(ctx, id, (actor, workspaceId, by) => actor.pause(workspaceId, by))
}
