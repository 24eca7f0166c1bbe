/** What a run that did not come to its end leaves to one that goes on from there (retry from failure). */
import { replay } from './apply.ts'
import type { RunEvent } from './event.ts'
import type { Plan } from './plan.ts'
import { type RunState, visitKey } from './run.ts'

const DROPPED: ReadonlySet<RunEvent['type']> = new Set([
  'execution_paused',
  'execution_resumed',
  'execution_completed',
  'execution_failed',
  'execution_cancelled',
  'child_finished',
  'node_skipped',
  'node_progress',
  'log_message',
])

/**
 * The first events of the new run: all that had ended stays as it is, with its output, the finished items of a loop
 * included. What was under way, and what failed last, is left out: its tokens wait again, and it is performed anew.
 *
 * @param events the whole log of the run that has ended
 * @param at when the new run begins, in Unix milliseconds
 */
export function seedOf(plan: Plan, events: readonly RunEvent[], at: number): RunEvent[] {
  const before = withoutEnd(events)
  const state = replay(plan, before)
  return before
    .filter((event) => !DROPPED.has(event.type) && !('performance' in event && isAnew(state, event)))
    .map((event) => (event.type === 'node_completed' ? { ...event, at, reused: true } : { ...event, at }))
}

/** Takes the failure back that ended the run, with the loops that it brought down: they are one step's last events. */
function withoutEnd(events: readonly RunEvent[]): readonly RunEvent[] {
  const end = events.findLastIndex(({ type }) => type !== 'node_skipped')
  const last = events[end]
  let length = last?.type === 'execution_failed' || last?.type === 'execution_cancelled' ? end : end + 1
  if (last?.type !== 'execution_failed') return events.slice(0, length)
  const wasStopped = last.error.code === 'stopped' && events[length - 1]?.type === 'node_completed'
  if (wasStopped) return events.slice(0, length - 1)
  for (let event = events[length - 1]; event?.type === 'node_failed' && event.on_error === 'fail';) {
    length -= 1
    event = events[length - 1]
  }
  return events.slice(0, length)
}

/** A loop keeps the items that it has finished, and a wait its moment; signals, people and children are asked anew. */
function isAnew(state: RunState, event: Extract<RunEvent, { performance: number }>): boolean {
  const key = visitKey(event)
  const loop = state.visits.get(key)?.loop
  // It had gone through its items: only what puts them together is done anew.
  if (loop !== undefined && state.live.has(key))
    return event.type !== 'loop_started' && event.performance > loop.performance
  return state.live.has(key) || (state.waiting.has(key) && state.visits.get(key)?.wait?.for !== 'time')
}
