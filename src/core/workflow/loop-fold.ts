/** What loops do to the state: their items are opened, collected, and closed with all that is in them. */
import { measureJson } from '#lib/json'
import type { RunEvent } from './event.ts'
import { type Plan, planNode } from './plan.ts'
import { type Frame, frameOf, itemKey, type RunState, type Visit, visitKey, visitOf } from './run.ts'
import { openItem } from './tokens.ts'
import { isLarge, largeIn, type Value } from './value.ts'

export function startLoop(plan: Plan, state: RunState, event: RunEvent & { type: 'loop_started' }): void {
  const visit = visitOf(state, event)
  const { items, concurrency, on_item_error: onItemError } = event
  const total = event.total ?? (isLarge(items) ? 0 : items.length)
  const { performance } = event
  visit.loop = { items, total, performance, concurrency, onItemError, opened: 0, finished: 0, results: [] }
  // It takes no place of the concurrency: its items do.
  state.live.delete(visitKey(event))
  state.loops.add(visitKey(event))
  state.outputBytes += measureJson(items, Number.POSITIVE_INFINITY)
  noteLarge(state, items)
  openItems(plan, state, visit)
}

/** Remembers the references that a run has come to hold. */
export function noteLarge(state: RunState, value: Value): void {
  for (const { ref } of largeIn(value)) {
    const { index: _index, ...whole } = ref
    if (state.large.has(ref.sha256)) continue
    state.large.set(ref.sha256, whole)
    state.largeBytes += ref.bytes
  }
}

/** An item is over: with what came back, or by an error that the loop outlives. */
export function finishItem(plan: Plan, state: RunState, event: RunEvent & { type: 'item_finished' }): void {
  const visit = visitOf(state, event)
  const frame = frameOf(state, event)
  const { loop } = visit
  if (loop === undefined) throw new Error(`visit ${visitKey(event)} is no loop`)
  const { error } = event
  cancelLive(plan, state, frame, event.at)
  state.items.delete(itemKey(event))
  loop.results[event.index] = error === undefined ? frame.collected : loop.onItemError === 'collect' ? [{ error }] : []
  loop.finished += 1
  if (error === undefined) for (const [id, output] of frame.heard) frame.parent?.heard.set(id, output)
  openItems(plan, state, visit)
}

function openItems(plan: Plan, state: RunState, visit: Visit): void {
  const { loop } = visit
  if (loop === undefined) return
  while (loop.opened < loop.total && loop.opened - loop.finished < loop.concurrency) {
    // Counted first: an item may lead straight back to the loop.
    loop.opened += 1
    openItem(plan, state, visit, loop.opened - 1)
  }
}

/** Cancels whatever is live in a frame, the items of its loops included. */
export function cancelLive(plan: Plan, state: RunState, frame: Frame, at: number): void {
  for (const key of frame.live) {
    const visit = state.visits.get(key)
    if (visit === undefined) continue
    closeItems(plan, state, visit, at)
    visit.status = 'cancelled'
    visit.finishedAt = at
    state.live.delete(key)
    state.loops.delete(key)
    state.waiting.delete(key)
    leaveChild(plan, state, visit)
  }
  frame.live.clear()
}

/** Closes the items that a loop is at. */
export function closeItems(plan: Plan, state: RunState, visit: Visit, at: number): void {
  const { loop } = visit
  if (loop === undefined) return
  for (const [key, frame] of state.items) {
    if (frame.item?.node_id !== visit.node_id || frame.item.visit !== visit.visit) continue
    cancelLive(plan, state, frame, at)
    state.items.delete(key)
  }
}

/** What a visit has started, or is just starting, has nobody left who waits for it. */
export function leaveChild(plan: Plan, state: RunState, { node_id, visit }: Visit): void {
  if (planNode(plan, node_id).startsExecution) state.orphans.push({ node_id, visit })
}
