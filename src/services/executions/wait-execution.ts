import { workflowRun } from '#actors'
import type { Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { inLocale } from './to-execution.ts'

/**
 * A started execution when it ends in time, else undefined.
 *
 * @param seconds undefined or 0: do not wait
 */
export async function waitExecution(
  ctx: Ctx,
  started: Execution,
  seconds: number | undefined,
): Promise<Execution | undefined> {
  if (seconds === undefined || seconds === 0) return undefined
  const finished = await workflowRun(ctx.env, started.id).waitFinished(ctx.principal.workspaceId, seconds * 1_000)
  return finished && inLocale(finished, ctx.locale)
}
