import { readConfig } from '#config'
import { connect } from '#db/connect'
import { describeError, logLine } from '#lib/log'
import type { MaintenanceCtx } from './maintenance-ctx.ts'
import { deliverFiles } from '#services/triggers/fire-file'
import { countExecutions } from './count-executions.ts'
import { sweepAudit } from './sweep-audit.ts'
import { sweepBudgets } from './sweep-budgets.ts'
import { sweepChats, wakeChats } from './sweep-chats.ts'
import { sweepEvents } from './sweep-events.ts'
import { sweepExecutions } from './sweep-executions.ts'
import { sweepObjects } from './sweep-objects.ts'
import { sweepOldChats } from './sweep-old-chats.ts'
import { sweepOldFiles } from './sweep-old-files.ts'
import { sweepOrphans } from './sweep-orphans.ts'
import { sweepSpent } from './sweep-spent.ts'
import { sweepUploads } from './sweep-uploads.ts'
import { wakeExecutions } from './wake-executions.ts'

/** Of one part in one sweep: the others, and the requests of everybody, want the thread too. */
const BUDGET_MS = 5_000

/** Where the next sweep goes on, in the parts that walk through everything. */
export interface SweepCursors {
  /** The id of the execution that was asked last. */
  readonly woken?: string | undefined
  /** The key of the object that was looked at last. */
  readonly objects?: string | undefined
}

/** How a sweep ended. */
export interface Swept {
  /** Whether something is left for another sweep soon. */
  readonly isLeft: boolean
  /** Whether some part could not do its work. */
  readonly hasFailed: boolean
  readonly cursors: SweepCursors
}

/**
 * Everything that has to be looked after from time to time, each part in small batches and by itself: one that fails
 * holds up none of the others. Never throws.
 *
 * @param former what the last sweep gave
 */
export async function sweep(env: Env, former: SweepCursors = {}, now: () => number = Date.now): Promise<Swept> {
  let isLeft = false
  let hasFailed = false
  let { woken, objects } = former

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
  for (const part of [
    deliverFiles,
    countExecutions,
    sweepExecutions,
    sweepOldFiles,
    sweepOldChats,
    sweepAudit,
    sweepEvents,
    sweepBudgets,
    sweepChats,
    wakeChats,
    sweepUploads,
    sweepObjects,
    sweepSpent,
  ]) {
    if (await attend(part.name, () => part(ctx()))) isLeft = true
  }
  await attend(wakeExecutions.name, async () => {
    woken = await wakeExecutions(ctx(), woken)
    return woken !== undefined
  })
  await attend(sweepOrphans.name, async () => {
    objects = await sweepOrphans(ctx(), objects)
    return objects !== undefined
  })
  return { isLeft, hasFailed, cursors: { woken, objects } }
}
