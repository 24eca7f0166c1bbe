import { AppError } from '#core/errors'
import type { SignalInput, SignalReceipt } from '#core/workflow/waits'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findArchivedState } from './find-archived-state.ts'
import { findActor, findExecution } from './find-execution.ts'

/**
 * Gives a signal to the node that waits for this name and key; one that comes too early is kept until a node does.
 *
 * @throws AppError `not_found`; `execution_finished`; `signals_full`
 */
export async function sendSignal(
  ctx: Ctx,
  executionId: string,
  name: string,
  { key, body }: SignalInput,
  idempotency?: Idempotency,
): Promise<SignalReceipt> {
  const id = await claimId(ctx, idempotency)
  const receipt = { id, execution_id: executionId, name, key: key ?? null }
  const signal = { id, name, key: receipt.key, body }
  const answer = await findActor(ctx, executionId)?.signal(ctx.principal.workspaceId, signal)
  if (answer === undefined) {
    await findExecution(ctx, executionId)
    const past = await findArchivedState(ctx, ctx.principal.workspaceId, executionId)
    // A repeat of one that it took while it lived.
    if (past?.signalIds.has(id) === true) return receipt
  }
  if (answer === undefined || answer === 'finished') throw new AppError('execution_finished')
  if (answer === 'refused') throw new AppError('signals_full')
  return receipt
}
