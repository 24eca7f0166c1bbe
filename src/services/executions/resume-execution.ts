import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { tellExecution } from './tell-execution.ts'

/**
 * Goes on after a pause; nothing happens to a run that is not paused.
 *
 * @throws AppError `not_found`; `execution_finished` when it has already ended
 */
export function resumeExecution(ctx: Ctx, id: string): Promise<Execution> {
  return tellExecution(ctx, id, (actor, workspaceId, by) => actor.resume(workspaceId, by))
}
