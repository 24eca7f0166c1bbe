import { apply } from './apply.ts'
import type { RunEvent } from './event.ts'
import { MAX_RUN_BYTES, MAX_RUN_INLINE_BYTES } from './limits.ts'
import { failExecution, failVisit, refOf, takeLoss } from './outcome.ts'
import { beginLoop } from './loop.ts'
import type { Plan } from './plan.ts'
import { isFinal, type RunState, type Visit, visitKey } from './run.ts'
import { startReady } from './start.ts'
import type { Moment, PerformanceRef, RunCommand, RunInput, Step, Stepping } from './step.ts'
import { failIfOverdue } from './deadline.ts'
import { beginWait, endDueWaits, takeApproval, takeChildEnd, takeSignal } from './wait.ts'

/** What the nodes of one run may tell its watchers of themselves: log lines and progress. */
const MAX_NOTES = 10_000

/**
 * Decides what an input means for a run: the events to append and the commands to carry out. The state has taken the
 * events in when it returns (see `apply`); an input that no longer matters gives no events.
 */
export function transition(plan: Plan, state: RunState, input: RunInput, moment: Moment): Step {
  const events: RunEvent[] = []
  const commands: RunCommand[] = []
  const step: Stepping = {
    plan,
    state,
    moment,
    record(event) {
      apply(plan, state, event)
      events.push(event)
    },
  }
  if (!isFinal(state.status)) {
    takeInput(step, input)
    startReady(step, commands)
    if (isFinal(state.status)) commands.splice(0, commands.length, { type: 'abort_all' })
  }
  return { events, commands }
}

type OfVisit = Extract<RunInput, PerformanceRef>

function takeInput(step: Stepping, input: RunInput): void {
  const { state, record } = step
  const at = step.moment.now
  switch (input.type) {
    case 'start':
      if (state.status !== 'pending') return
      ;(input.seed ?? [{ type: 'execution_started', at, inputs: input.inputs } as const]).forEach(record)
      if (input.refusal === undefined) return
      return record({ type: 'execution_failed', at, status: 'failed', error: input.refusal })
    case 'cancel':
      return record({ type: 'execution_cancelled', at, by: input.by })
    case 'pause':
      if (state.startedAt !== undefined && !state.paused) record({ type: 'execution_paused', at, by: input.by })
      return
    case 'resume':
      if (state.paused) record({ type: 'execution_resumed', at, by: input.by })
      return
    case 'tick':
      endDueWaits(step)
      return failIfOverdue(step)
    case 'signal':
      return takeSignal(step, input.signal)
    case 'approve':
      return takeApproval(step, input)
    case 'child_finished':
      return takeChildEnd(step, input)
    default: {
      const visit = state.visits.get(visitKey(input))
      // I2: the outcome of a performance that is no longer the current one comes too late.
      if (visit?.status !== 'running' || visit.performance !== input.performance) return
      // A loop that is at its items has nothing to come to by itself.
      if (state.loops.has(visitKey(visit))) return
      takeOutcome(step, visit, input)
    }
  }
}

function takeOutcome(step: Stepping, visit: Visit, input: OfVisit): void {
  switch (input.type) {
    case 'succeeded':
      return complete(step, visit, { output: input.output, handles: [...input.handles] })
    case 'decided':
      return takeDecision(step, visit, input)
    case 'failed':
      return failVisit(step, visit, input)
    case 'lost':
      return takeLoss(step, visit)
    case 'noted':
      return takeNote(step, visit, input)
  }
}

type Completion = Pick<RunEvent & { type: 'node_completed' }, 'output' | 'handles' | 'response'>

function complete(step: Stepping, visit: Visit, completion: Completion): void {
  step.record({ type: 'node_completed', at: step.moment.now, ...refOf(visit), ...completion })
  limitOutputs(step, visit)
}

function takeDecision(step: Stepping, visit: Visit, { decision }: RunInput & { type: 'decided' }): void {
  switch (decision.kind) {
    case 'wait':
      return beginWait(step, visit, decision.wait)
    case 'loop':
      beginLoop(step, visit, decision)
      return limitOutputs(step, visit)
    case 'respond':
      return complete(step, visit, { output: decision.output, handles: ['out'], response: decision.response })
    case 'finish':
      return finish(step, visit, decision)
  }
}

function finish(step: Stepping, visit: Visit, decision: Extract<DecisionOf, { kind: 'finish' }>): void {
  complete(step, visit, { output: decision.output, handles: [] })
  if (isFinal(step.state.status)) return
  if (decision.status === 'completed') {
    return step.record({ type: 'execution_completed', at: step.moment.now, output: decision.output })
  }
  failExecution(step, 'stopped', { reason: decision.message }, visit.node_id)
}

type DecisionOf = (RunInput & { type: 'decided' })['decision']

function limitOutputs(step: Stepping, visit: Visit): void {
  const { status, outputBytes, largeBytes } = step.state
  if (isFinal(status)) return
  const limit = outputBytes > MAX_RUN_INLINE_BYTES ? MAX_RUN_INLINE_BYTES : MAX_RUN_BYTES
  if (outputBytes > MAX_RUN_INLINE_BYTES || largeBytes > MAX_RUN_BYTES) {
    failExecution(step, 'run_too_large', { limit }, visit.node_id)
  }
}

/** What nodes tell beyond the bound is not kept: it changes nothing. */
function takeNote({ state, moment, record }: Stepping, visit: Visit, { note }: RunInput & { type: 'noted' }): void {
  if (state.notes >= MAX_NOTES) return
  const ref = { node_id: visit.node_id, visit: visit.visit, at: moment.now }
  if (note.type === 'progress') return record({ type: 'node_progress', ...ref, progress: note.progress })
  record({ type: 'log_message', ...ref, level: note.level, message: note.message, data: note.data })
}
