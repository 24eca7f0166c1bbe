import type { WorkflowRunActor } from '#actors'
import { AppError } from '#core/errors'
import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findActor, findExecution } from './find-execution.ts'

/**
 * Tells a run something that its event log then says, with who said it.
 *
 * @param tell answers false when the run has ended
 * @returns the execution as it stands afterwards
 * @throws AppError `not_found`; `execution_finished`
 */
export async function tellExecution(
  ctx: Ctx,
  id: string,
  tell: (actor: WorkflowRunActor, workspaceId: string, by: string) => Promise<boolean | undefined>,
): Promise<Execution> {
  const actor = findActor(ctx, id)
  const told = actor && (await tell(actor, ctx.principal.workspaceId, ctx.principal.userId))
  const execution = await findExecution(ctx, id)
  // One that ended long ago has no actor any more.
  if (told !== true) throw new AppError('execution_finished')
  return execution
}
