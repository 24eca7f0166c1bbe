import { workflowRun } from '#actors'
import type { Execution, ExecutionRecord } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { presentExecution } from './find-execution.ts'

/**
 * A started execution when it ends in time, else undefined.
 *
 * @param seconds undefined or 0: do not wait
 */
export async function waitExecution(
  ctx: Ctx,
  started: ExecutionRecord,
  seconds: number | undefined,
): Promise<Execution | undefined> {
  if (seconds === undefined || seconds === 0) return undefined
  // A repeat of long ago: its actor may be emptied.
  if (isFinal(started.status)) return presentExecution(ctx, started)
  ctx.turn.end()
  const finished = await workflowRun(ctx.env, started.id).waitFinished(ctx.principal.workspaceId, seconds * 1_000)
  return finished && presentExecution(ctx, finished)
}
