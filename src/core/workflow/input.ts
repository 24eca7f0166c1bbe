/** What a visit is given: the values on its edges, its item, and what was put out before it. */
import { type Plan, planEdge, planNode } from './plan.ts'
import { type Frame, frameOf, type RunState, type Visit, visitOf } from './run.ts'
import { valueOf } from './tokens.ts'
import { memberAt, type Value } from './value.ts'

/** A value that an edge brought, and the node that it comes from. */
export interface ArrivedValue {
  readonly source: string
  readonly value: Value
}

/** What each edge brought, in the graph's order; nothing at a start. */
export function arrivedOf(plan: Plan, state: RunState, visit: Visit): ArrivedValue[] {
  return visit.tokens.map((token) => ({
    source: planEdge(plan, token.edge).source,
    value: valueOf(plan, state, token, visit.item),
  }))
}

/** The value on the incoming edge; with several edges an object by source id; at the start what started the run. */
export function inputOf(plan: Plan, state: RunState, visit: Visit): Value {
  const node = planNode(plan, visit.node_id)
  const [first] = visit.tokens
  if (first === undefined) return state.inputs
  // `any` and `each` take one token: it comes as it is.
  if (node.incoming.length === 1 || node.join !== 'all') return valueOf(plan, state, first, visit.item)
  return Object.fromEntries(arrivedOf(plan, state, visit).map(({ source, value }) => [source, value]))
}

/** The item that a visit belongs to, of the innermost loop; undefined outside of loops. */
export function itemOf(state: RunState, visit: Visit): { readonly value: Value; readonly index: number } | undefined {
  if (visit.item === undefined) return undefined
  const { index } = visit.item
  return { value: memberAt(visitOf(state, visit.item).loop?.items ?? [], index), index }
}

/** The last output of each node as a visit sees it: what is nearest, from its own item outwards. A copy. */
export function outputsFor(state: RunState, visit: Visit): Record<string, Value> {
  const frames: Frame[] = []
  for (let frame: Frame | undefined = frameOf(state, visit.item); frame !== undefined; frame = frame.parent) {
    frames.unshift(frame)
  }
  return Object.fromEntries(frames.flatMap(({ heard }) => [...heard]))
}
