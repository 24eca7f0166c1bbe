/** Runs that need nothing from outside: from the start to the end in one step, before anything is written. */
import { advance } from './advance.ts'
import { factsOf, type RunHeader } from './execution.ts'
import type { RunEvent } from './event.ts'
import { type Catalog, isPure } from './node-type.ts'
import { type RunOrder, toStart } from './order.ts'
import type { Plan } from './plan.ts'
import { initialState, type RunState } from './run.ts'
import type { Moment } from './step.ts'

/** A run that has completed, with nothing left to do for anybody. */
export interface CompletedRun {
  readonly header: RunHeader
  readonly plan: Plan
  readonly state: RunState
  readonly events: readonly RunEvent[]
}

/**
 * The run as it is at its end, where pure nodes carry it there within one step: nothing has been done, so that whoever
 * drops it has lost nothing. undefined for a run that needs its actor: one that has an effect, waits, fails (others may
 * have to be told), is long, or holds a value that does not lie in the events.
 */
export function runAtOnce(order: RunOrder, catalog: Catalog, moment: Moment): CompletedRun | undefined {
  const { header, plan } = order
  if (order.refusal !== undefined || order.seed !== undefined || order.large !== undefined) return undefined
  if (header.parent !== undefined || !isPurePlan(plan, catalog)) return undefined
  const state = initialState()
  const { events } = advance({ plan, catalog, facts: factsOf(header) }, state, toStart(order), moment)
  if (state.status !== 'completed' || state.large.size > 0 || state.orphans.length > 0) return undefined
  return { header, plan, state, events }
}

function isPurePlan({ nodes }: Plan, catalog: Catalog): boolean {
  return Object.values(nodes).every(({ type, disabled, pinned, sandbox }) => {
    const known = catalog[type]
    return known !== undefined && (disabled || pinned !== undefined || (isPure(known) && !sandbox))
  })
}
