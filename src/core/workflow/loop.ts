/** What a loop decides: to begin, that an item is over, that all are. */
import { measureJson, JsonTooLarge } from '#lib/json'
import { inlineLimit, MAX_OUTPUT_DEPTH } from './limits.ts'
import { nodeError } from './node-error.ts'
import { failVisit, refOf } from './outcome.ts'
import { type RunState, type Visit, visitOf } from './run.ts'
import type { KeptDecision, RunCommand, Stepping } from './step.ts'
import { isLarge, type Value } from './value.ts'

/** A body that leads back to what comes before its loop would open items within items without end. */
const MAX_LOOP_DEPTH = 16

export function beginLoop(step: Stepping, visit: Visit, decision: Extract<KeptDecision, { kind: 'loop' }>): void {
  if (depthOf(step, visit) >= MAX_LOOP_DEPTH) {
    return failVisit(step, visit, { error: nodeError('loops_too_deep', { limit: MAX_LOOP_DEPTH }), retryable: false })
  }
  const { items, total, concurrency, onItemError: on_item_error } = decision
  const begun = { ...refOf(visit), items: isLarge(items) ? items : [...items], concurrency, on_item_error }
  step.record({ type: 'loop_started', at: step.moment.now, ...begun, ...(total === undefined ? {} : { total }) })
}

function depthOf({ state }: Stepping, { item }: Visit): number {
  let depth = 0
  for (let around = item; around !== undefined; around = visitOf(state, around).item) depth += 1
  return depth
}

/** Ends the items in whose frame nothing is left that could move (I6), and the loops that have no item left. */
export function settleLoops(step: Stepping, commands: RunCommand[]): void {
  // The end of an inner loop may be the end of an item of the outer one.
  while (settleItems(step) || endLoops(step, commands)) continue
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

function endLoops(step: Stepping, commands: RunCommand[]): boolean {
  let ended = false
  for (const key of step.state.loops) {
    const visit = step.state.visits.get(key)
    if (visit?.loop === undefined || visit.loop.finished < visit.loop.total) continue
    endLoop(step, visit, visit.loop.results.flat(), commands)
    ended = true
  }
  return ended
}

/**
 * It goes on with what came back, in the order of the items. What is too much for an event is put together outside: the
 * visit is performed once more for that, and everything that holds for a performance holds for it.
 */
function endLoop(step: Stepping, visit: Visit, results: Value[], commands: RunCommand[]): void {
  const at = step.moment.now
  if (fitsInline(step.state, results)) {
    return step.record({ type: 'node_completed', at, ...refOf(visit), output: results, handles: ['done'] })
  }
  const performed = { ...refOf(visit), performance: visit.performance + 1 }
  step.record({ type: 'node_started', at, ...performed, tokens: [...visit.tokens] })
  commands.push({ type: 'perform', ...performed })
}

function fitsInline(state: RunState, results: Value[]): boolean {
  try {
    measureJson(results, inlineLimit(state), MAX_OUTPUT_DEPTH)
    return true
  } catch (error) {
    if (error instanceof JsonTooLarge) return false
    throw error
  }
}
