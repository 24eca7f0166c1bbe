import type { Plan } from './plan.ts'

/** A plan that begins at the trigger that fired, or at each that did, and at no other. */
export function startingAt(plan: Plan, ...nodeIds: readonly string[]): Plan {
  return { ...plan, starts: [...nodeIds] }
}

/** A plan as a person or another workflow starts it: at its manual triggers, or everywhere when it has none. */
export function startingByHand(plan: Plan): Plan {
  const manual = plan.starts.filter((id) => plan.nodes[id]?.type === 'trigger.manual')
  return manual.length === 0 ? plan : { ...plan, starts: manual }
}
