import type { ControlAction, Execution } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import type { Idempotency } from '#services/idempotency/claim-id'
import { cancelExecution } from './cancel-execution.ts'
import { presentExecution } from './find-execution.ts'
import { pauseExecution } from './pause-execution.ts'
import { resumeExecution } from './resume-execution.ts'
import { retryExecution } from './retry-execution.ts'

/** What the former backend's clients name in a body has an address of its own now. */
const VERBS = {
  cancel: cancelExecution,
  pause: pauseExecution,
  resume: resumeExecution,
  retry: async (ctx, id, idempotency) => presentExecution(ctx, await retryExecution(ctx, id, idempotency)),
} as const satisfies Record<
  ControlAction,
  (ctx: Ctx, id: string, idempotency: Idempotency | undefined) => Promise<Execution>
>

/**
 * Does what the action names; `retry` answers the new execution.
 *
 * @throws AppError like the verb
 */
export async function controlExecution(
  ctx: Ctx,
  id: string,
  action: ControlAction,
  idempotency?: Idempotency,
): Promise<Execution> {
  return VERBS[action](ctx, id, idempotency)
}
