import { readConfig } from '#config'
import { connect } from '#db/connect'
import { describeError, logLine } from '#lib/log'
import type { MaintenanceCtx } from './maintenance-ctx.ts'
import { sweepChats, wakeChats } from './sweep-chats.ts'
import { sweepExecutions } from './sweep-executions.ts'
import { sweepObjects } from './sweep-objects.ts'
import { sweepSpent } from './sweep-spent.ts'
import { wakeExecutions } from './wake-executions.ts'

/** Of one part in one sweep: the others, and the requests of everybody, want the thread too. */
const BUDGET_MS = 5_000

/** How a sweep ended. */
export interface Swept {
  /** Whether something is left for another sweep soon. */
  readonly isLeft: boolean
  /** Whether some part could not do its work. */
  readonly hasFailed: boolean
  /** Where the next sweep goes on to wake executions. */
  readonly wokenTo: string | undefined
}

/**
 * Everything that has to be looked after from time to time, each part in small batches and by itself: one that fails
 * holds up none of the others. Never throws.
 *
 * @param wokenTo what the last sweep gave
 */
export async function sweep(env: Env, wokenTo: string | undefined, now: () => number = Date.now): Promise<Swept> {
  let isLeft = false
  let hasFailed = false
  let cursor = wokenTo

  async function attend(part: string, batch: () => Promise<boolean>): Promise<boolean> {
    const until = now() + BUDGET_MS
    try {
      while (await batch()) if (now() >= until) return true
    } catch (error) {
      hasFailed = true
      logLine('warn', { event: 'sweep_failed', part, error: describeError(error) })
    }
    return false
  }

  // Each batch is an event of its own: a connection that broke is not met again.
  const ctx = (): MaintenanceCtx => ({ env, config: readConfig(env), db: connect(env), now })
  for (const part of [sweepExecutions, sweepChats, wakeChats, sweepObjects, sweepSpent]) {
    if (await attend(part.name, () => part(ctx()))) isLeft = true
  }
  await attend(wakeExecutions.name, async () => {
    cursor = await wakeExecutions(ctx(), cursor)
    return cursor !== undefined
  })
  return { isLeft, hasFailed, wokenTo: cursor }
}
