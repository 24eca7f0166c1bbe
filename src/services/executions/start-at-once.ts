import { type CompletedRun, runAtOnce } from '#core/workflow/run-at-once'
import type { RunOrder } from '#core/workflow/order'
import { DatabaseError } from '#db/errors'
import { logLine } from '#lib/log'
import { catalog } from '#nodes/catalog'
import type { PublicCtx } from '#services/context'
import type { Claim } from '#services/idempotency/claim-id'
import { saveAtOnce } from './save-at-once.ts'

/**
 * Runs to the end, and saves in full, what needs no actor.
 *
 * @param claim the key that makes a repeat the same run
 * @returns undefined where nothing was done: it needs its actor, or the key is another run's
 * @throws DatabaseUnavailable when it may or may not be saved
 */
export async function startAtOnce(
  ctx: Pick<PublicCtx, 'env' | 'db' | 'later' | 'now'>,
  order: RunOrder,
  claim: Claim | undefined,
): Promise<CompletedRun | undefined> {
  const run = runAtOnce(order, catalog, { now: ctx.now(), random: Math.random() })
  if (run === undefined) return undefined
  try {
    return (await saveAtOnce(ctx, run, claim)) ? run : undefined
  } catch (error) {
    // What PostgreSQL refuses it has not written, and an actor goes on without it (P10).
    if (!(error instanceof DatabaseError)) throw error
    const { executionId: execution_id, workspaceId: workspace_id } = order.header
    logLine('warn', { event: 'save_refused', execution_id, workspace_id, error: error.message })
    return undefined
  }
}
