import { failExecution } from './outcome.ts'
import type { Plan } from './plan.ts'
import { isFinal, type RunState } from './run.ts'
import type { Stepping } from './step.ts'

/**
 * When the run needs a `tick` next, in Unix milliseconds: the earliest retry, the end of a wait or the execution's
 * deadline. A paused run takes no attempt, and neither it nor one that waits comes nearer to its deadline.
 */
export function nextTick(plan: Plan, state: RunState): number | undefined {
  if (state.startedAt === undefined || isFinal(state.status)) return undefined
  const times = [
    deadlineOf(plan, state),
    ...(state.paused ? [] : [...state.live].map((key) => state.visits.get(key)?.resumeAt)),
    ...[...state.waiting].map((key) => state.visits.get(key)?.wait?.until),
  ].filter((time) => time !== undefined && time !== null)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Whether a crash would interrupt something: what only waits, for its next attempt too, has its moment. */
export function isPerforming({ live, visits }: RunState): boolean {
  return [...live].some((key) => visits.get(key)?.status === 'running')
}

export function failIfOverdue(step: Stepping): void {
  const deadline = deadlineOf(step.plan, step.state)
  if (deadline === undefined || step.moment.now < deadline) return
  failExecution(step, 'execution_timeout', { limit: step.plan.settings.timeout_ms })
}

function deadlineOf(plan: Plan, state: RunState): number | undefined {
  return state.runningSince === undefined ? undefined : state.runningSince + plan.settings.timeout_ms - state.ranMs
}
