/** How a run that is over leaves its actor: its events become one object, and its storage is given back. */
import type { RunEvent } from '#core/workflow/event'
import type { EventLog } from '#durable-objects/shared/event-log'
import { archiveExecution } from '#services/executions/archive-execution'
import type { LiveRun } from './live-run.ts'

/** Events in memory at once: the log itself stops sooner when they are large. */
const READ_BATCH = 500

/**
 * Archives the run. Nothing is deleted here: until this has returned the actor is the only one that knows.
 *
 * @throws DatabaseUnavailable, and whatever R2 throws
 */
export async function archiveRun(env: Env, { header, plan }: LiveRun, log: EventLog<RunEvent>): Promise<void> {
  // What comes while it is written, comes too late for this object.
  for (let written = -1; written !== log.lastSeq();) {
    written = log.lastSeq()
    await archiveExecution(env, { header, plan }, inBatches(log))
  }
}

/** A cursor does not outlive other queries: each batch is read as a whole. */
function* inBatches(log: EventLog<RunEvent>): Generator<RunEvent> {
  let after = 0
  for (let batch = log.read(after, READ_BATCH); batch.length > 0; batch = log.read(after, READ_BATCH)) {
    for (const { seq, event } of batch) {
      after = seq
      yield event
    }
  }
}

/** Gives everything back: the tables and the alarm. Without an `await` before it nothing comes in between. */
export async function emptyActor({ storage }: Pick<DurableObjectState, 'storage'>): Promise<void> {
  await Promise.all([storage.deleteAlarm(), storage.deleteAll()])
}
