/** What a loop decides: to begin, that an item is over, that all are. */
import { nodeError, NodeFailure } from './node-error.ts'
import { type Decision, emit } from './node-type.ts'
import { failVisit, refOf } from './outcome.ts'
import { checkEmission } from './prepare.ts'
import { type Loop, type Visit, visitOf } from './run.ts'
import type { Stepping } from './step.ts'

/** A body that leads back to what comes before its loop would open items within items without end. */
const MAX_LOOP_DEPTH = 16

export function beginLoop(step: Stepping, visit: Visit, decision: Extract<Decision, { kind: 'loop' }>): void {
  if (depthOf(step, visit) >= MAX_LOOP_DEPTH) {
    return failVisit(step, visit, { error: nodeError('loops_too_deep', { limit: MAX_LOOP_DEPTH }), retryable: false })
  }
  const { items, concurrency, onItemError: on_item_error } = decision
  const begun = { ...refOf(visit), items: [...items], concurrency, on_item_error }
  step.record({ type: 'loop_started', at: step.moment.now, ...begun })
}

function depthOf({ state }: Stepping, { item }: Visit): number {
  let depth = 0
  for (let around = item; around !== undefined; around = visitOf(state, around).item) depth += 1
  return depth
}

/** Ends the items in whose frame nothing is left that could move (I6), and the loops that have no item left. */
export function settleLoops(step: Stepping): void {
  // The end of an inner loop may be the end of an item of the outer one.
  while (settleItems(step) || endLoops(step)) continue
}

function settleItems({ state, moment, record }: Stepping): boolean {
  let settled = false
  // What is opened on the way comes later in the same walk.
  for (const { item, live, arrivals } of state.items.values()) {
    if (item === undefined || live.size > 0 || arrivals.size > 0) continue
    record({ type: 'item_finished', at: moment.now, ...item })
    settled = true
  }
  return settled
}

function endLoops(step: Stepping): boolean {
  let ended = false
  for (const key of step.state.loops) {
    const visit = step.state.visits.get(key)
    if (visit?.loop === undefined || visit.loop.finished < visit.loop.items.length) continue
    endLoop(step, visit, visit.loop)
    ended = true
  }
  return ended
}

/** It goes on with what came back, in the order of the items. */
function endLoop(step: Stepping, visit: Visit, { results }: Loop): void {
  try {
    const { output, handles } = checkEmission(emit(results.flat(), 'done'))
    step.record({ type: 'node_completed', at: step.moment.now, ...refOf(visit), output, handles: [...handles] })
  } catch (error) {
    if (!(error instanceof NodeFailure)) throw error
    failVisit(step, visit, { error: error.error, retryable: false })
  }
}
