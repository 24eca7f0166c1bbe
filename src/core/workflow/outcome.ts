/** What a failure means: another attempt, the way for errors, the end of a loop's item, or of the run. */
import type { Params } from '#core/messages'
import type { ItemRef } from './event.ts'
import { type NodeError, nodeError, type NodeErrorCode } from './node-error.ts'
import { planNode } from './plan.ts'
import { nextAttemptAt, nextLookAt } from './retry.ts'
import { type Visit, visitOf } from './run.ts'
import type { RunInput, Stepping } from './step.ts'

/** Crashes that one visit outlives: a run that fills the process's memory would otherwise stop it again and again. */
const MAX_LOSSES = 20

type Failure = Pick<RunInput & { type: 'failed' }, 'error' | 'retryable' | 'retryAfterMs' | 'isOurs'>

export function refOf(visit: Visit): Pick<Visit, 'node_id' | 'visit' | 'attempt' | 'performance'> {
  return { node_id: visit.node_id, visit: visit.visit, attempt: visit.attempt, performance: visit.performance }
}

export function failVisit(step: Stepping, visit: Visit, failure: Failure): void {
  const { retry, on_error } = planNode(step.plan, visit.node_id)
  const error = { ...failure.error, node_id: failure.error.node_id ?? visit.node_id }
  const at = step.moment.now
  if (failure.isOurs === true) {
    const looks = visit.performance - visit.attempt - visit.losses
    const resume_at = nextLookAt(looks, step.moment)
    return step.record({ type: 'node_retrying', at, ...refOf(visit), resume_at, error })
  }
  if (failure.retryable && visit.attempt < retry.max_attempts) {
    const resume_at = nextAttemptAt(retry, visit.attempt, failure.retryAfterMs, step.moment)
    return step.record({ type: 'node_retrying', at, ...refOf(visit), attempt: visit.attempt + 1, resume_at, error })
  }
  step.record({ type: 'node_failed', at, ...refOf(visit), error, on_error })
  if (on_error === 'fail') failAround(step, visit.item, error)
}

/** What a failure that its node does not handle does to the loop around it, or to the run. */
function failAround(step: Stepping, item: ItemRef | undefined, error: NodeError): void {
  const at = step.moment.now
  if (item === undefined) return step.record({ type: 'execution_failed', at, status: 'failed', error })
  const loop = visitOf(step.state, item)
  if (loop.loop?.onItemError === 'fail') return failVisit(step, loop, { error, retryable: false })
  step.record({ type: 'item_finished', at, ...item, error })
}

/** A crash of ours uses up no attempt (I5), unless this visit seems to be what crashes us. */
export function takeLoss(step: Stepping, visit: Visit): void {
  const at = step.moment.now
  if (visit.losses < MAX_LOSSES) {
    return step.record({ type: 'node_retrying', at, ...refOf(visit), resume_at: at, error: nodeError('interrupted') })
  }
  failVisit(step, visit, { error: nodeError('interrupted_too_often', { limit: MAX_LOSSES }), retryable: false })
}

/** Ends the run by one of its own limits or words, whatever its loops are told to outlive. */
export function failExecution(step: Stepping, code: NodeErrorCode, params: Params, nodeId?: string): void {
  const error = nodeError(code, params)
  const status = code === 'execution_timeout' ? 'timeout' : 'failed'
  step.record({
    type: 'execution_failed',
    at: step.moment.now,
    status,
    error: nodeId === undefined ? error : { ...error, node_id: nodeId },
  })
}
