/** Visits that wait: for a time, a signal, people, or another execution. Whatever ends a wait does it once. */
import { measureJson } from '#lib/json'
import type { RunEvent, Signal, Wait } from './event.ts'
import { failVisit, refOf } from './outcome.ts'
import { inputOf } from './input.ts'
import { nodeError } from './node-error.ts'
import { planNode } from './plan.ts'
import { type Visit, visitKey } from './run.ts'
import type { RunInput, Stepping } from './step.ts'

/** Signals that came before anybody waited for them, as many as an actor may remember. */
const MAX_SIGNALS = 100
const MAX_SIGNALS_BYTES = 4_194_304

export function beginWait(step: Stepping, visit: Visit, wait: Wait): void {
  step.record({ type: 'execution_waiting', at: step.moment.now, ...refOf(visit), wait })
  // What is waited for may have come already.
  if (wait.for === 'signal') takeBuffered(step, visit, wait)
  const child = wait.for === 'execution' ? step.state.childEnds.get(wait.execution_id) : undefined
  if (child !== undefined) takeEnd(step, visit, child)
  if (visit.status === 'waiting') endIfDue(step, visit)
}

/** Ends whatever time ends (P4: never early). */
export function endDueWaits(step: Stepping): void {
  for (const visit of waitingVisits(step)) endIfDue(step, visit)
}

function endIfDue(step: Stepping, visit: Visit): void {
  const { wait } = visit
  if (wait === undefined || wait.until === null || step.moment.now < wait.until) return
  const input = inputOf(step.plan, step.state, visit)
  if (wait.for === 'time') return end(step, visit, { output: input, handles: [mainHandleOf(step, visit)] })
  const nobody = { decision: 'timeout', by: null, comment: null, at: new Date(step.moment.now).toISOString() }
  end(step, visit, { output: wait.for === 'approval' ? nobody : input, handles: ['timeout'] })
}

/** A signal goes to whoever has waited for it longest; else it is kept. The same `id` counts once. */
export function takeSignal(step: Stepping, signal: Signal): void {
  const { state, moment } = step
  if (state.startedAt === undefined || !fitsBuffer(state.signals, signal) || state.signalIds.has(signal.id)) return
  step.record({ type: 'signal_received', at: moment.now, signal })
  for (const visit of waitingVisits(step)) {
    if (visit.wait?.for === 'signal' && takeBuffered(step, visit, visit.wait)) return
  }
}

function fitsBuffer(signals: readonly Signal[], signal: Signal): boolean {
  return (
    signals.length < MAX_SIGNALS && measureJson([...signals, signal], Number.POSITIVE_INFINITY) <= MAX_SIGNALS_BYTES
  )
}

function takeBuffered(step: Stepping, visit: Visit, wait: Wait & { for: 'signal' }): boolean {
  const found = step.state.signals.find(({ name, key }) => name === wait.name && key === wait.key)
  if (found === undefined) return false
  end(step, visit, { output: found.body, handles: [mainHandleOf(step, visit)], signal: found.id })
  return true
}

/** The first decision stands. */
export function takeApproval(step: Stepping, input: RunInput & { type: 'approve' }): void {
  const visit = step.state.visits.get(visitKey(input))
  if (visit?.status !== 'waiting' || visit.wait?.for !== 'approval') return
  const { decision, by, comment } = input
  const at = new Date(step.moment.now).toISOString()
  end(step, visit, { output: { decision, by, comment, at }, handles: [decision] })
}

export function takeChildEnd(step: Stepping, input: RunInput & { type: 'child_finished' }): void {
  const visit = step.state.visits.get(visitKey(input))
  if (visit?.status === 'waiting' && visit.wait?.for === 'execution') {
    if (visit.wait.execution_id === input.end.execution_id) takeEnd(step, visit, input.end)
  } else if (visit?.status === 'running' && !step.state.childEnds.has(input.end.execution_id)) {
    // Quicker than the record that it is waited for.
    step.record({ type: 'child_finished', at: step.moment.now, end: input.end })
  }
}

function takeEnd(step: Stepping, visit: Visit, child: (RunInput & { type: 'child_finished' })['end']): void {
  if (child.status === 'completed') {
    return end(step, visit, { output: child.output, handles: [mainHandleOf(step, visit)] })
  }
  const reason = { pt: child.error?.message ?? child.status, en: child.error?.message_en ?? child.status }
  const body = { execution_id: child.execution_id, status: child.status, error: child.error }
  failVisit(step, visit, {
    error: nodeError('child_failed', { status: child.status, reason }, { body }),
    retryable: false,
  })
}

type Completion = Pick<RunEvent & { type: 'node_completed' }, 'output' | 'handles' | 'signal'>

function end(step: Stepping, visit: Visit, completion: Completion): void {
  step.record({ type: 'node_completed', at: step.moment.now, ...refOf(visit), ...completion })
}

function mainHandleOf({ plan }: Stepping, visit: Visit): string {
  return planNode(plan, visit.node_id).mainHandle
}

function waitingVisits({ state }: Stepping): Visit[] {
  return [...state.waiting].flatMap((key) => state.visits.get(key) ?? [])
}
