/** How a run that is over leaves its actor: its events become one object, and its storage is given back. */
import type { RunEvent } from '#core/workflow/event'
import type { Admission } from '#durable-objects/shared/admission'
import type { EventLog } from '#durable-objects/shared/event-log'
import { describeError, logLine } from '#lib/log'
import { archiveExecution } from '#services/executions/archive-execution'
import type { LiveRun } from './live-run.ts'

const MINUTE_MS = 60_000
/** Of the time in the actor: runs that ended at the same moment leave one after the other. */
const SPREAD = 0.1

/** When a run leaves its actor, in Unix milliseconds: each by its id a little later than the setting says. */
export function retirementOf(executionId: string, finishedAt: number, minutes: number): number {
  const place = Number.parseInt(executionId.slice(-8), 16) / 2 ** 32
  return finishedAt + Math.round(minutes * MINUTE_MS * (1 + SPREAD * place))
}

/** Events in memory at once: the log itself stops sooner when they are large. */
const READ_BATCH = 500

interface Place {
  readonly ctx: DurableObjectState
  readonly env: Env
  readonly log: EventLog<RunEvent>
  readonly admission: Pick<Admission, 'gone'>
}

/**
 * Archives the run, and then gives everything back: the sockets, the tables and the alarm. Until the archive is known
 * to PostgreSQL the actor is the only one that knows, and stays as it is. Never throws.
 *
 * @param forget called when there is no way back: from then on the run is not here
 */
export async function retire(live: LiveRun, { ctx, env, log, admission }: Place, forget: () => void): Promise<void> {
  const { header, plan } = live
  try {
    // What comes while it is written, comes too late for this object.
    for (let written = -1; written !== log.lastSeq();) {
      written = log.lastSeq()
      await archiveExecution(env, { header, plan }, inBatches(log))
    }
    for (const socket of ctx.getWebSockets()) {
      admission.gone(socket)
      socket.close(1000, 'the execution is over')
    }
    // No await between here and the deletion: nothing comes in between.
    forget()
    await Promise.all([ctx.storage.deleteAlarm(), ctx.storage.deleteAll()])
  } catch (error) {
    logLine('warn', {
      event: 'archive_failed',
      execution_id: header.executionId,
      workspace_id: header.workspaceId,
      error: describeError(error),
    })
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
