import { err, ok, type Result } from '#lib/result'
import type { Json } from '#lib/json'
import { type Plan, planEdge, planNode, type PlanNode } from './plan.ts'

/** How much of a graph runs; node ids. */
export interface RunScope {
  /** Where it begins: with the pinned outputs of the nodes before it, else with the inputs of the execution. */
  readonly startAt?: string | undefined
  /** The last node that runs; only what leads there runs at all. */
  readonly stopAt?: string | undefined
  /** Outputs of nodes that are not performed. */
  readonly pinned?: Readonly<Record<string, Json>> | undefined
}

/** `stop_unreachable`: nothing leads there from the start. */
export interface ScopeProblem {
  readonly code: 'unknown_node' | 'stop_unreachable'
  readonly node: string
}

/** A plan whose nodes are all performed, whatever the editor has pinned. */
export function withoutPins(plan: Plan): Plan {
  const nodes = Object.entries(plan.nodes).map(([id, { pinned: _pinned, ...node }]) => [id, node] as const)
  return { ...plan, nodes: Object.fromEntries(nodes) }
}

/** The part of a plan that a partial run performs; the plan as it is when the scope says nothing. */
export function toPartialPlan(plan: Plan, { startAt, stopAt, pinned = {} }: RunScope): Result<Plan, ScopeProblem> {
  const named = [...Object.keys(pinned), ...[startAt, stopAt].filter((id) => id !== undefined)]
  const unknown = named.find((id) => !Object.hasOwn(plan.nodes, id))
  if (unknown !== undefined) return err({ code: 'unknown_node', node: unknown })
  const pins = Object.entries(pinned).map(([id, value]) => [id, { ...planNode(plan, id), pinned: value }] as const)
  const whole: Plan = { ...plan, nodes: { ...plan.nodes, ...Object.fromEntries(pins) } }
  const begun = behindStart(whole, startAt)
  if (stopAt !== undefined && !Object.hasOwn(begun.nodes, stopAt))
    return err({ code: 'stop_unreachable', node: stopAt })
  return ok(beforeStop(begun, stopAt))
}

/** Only what the start leads to, and the pinned nodes right before it, which lead nowhere else. */
function behindStart(plan: Plan, startAt: string | undefined): Plan {
  if (startAt === undefined) return plan
  const reached = closure(startAt, (id) => planNode(plan, id).outgoing.map((edge) => planEdge(plan, edge).target))
  const before = planNode(plan, startAt)
    .incoming.map((edge) => planEdge(plan, edge).source)
    .filter((id) => !reached.has(id) && planNode(plan, id).pinned !== undefined)
  const feeding = new Set(before)
  const part = keep(
    plan,
    (id) => reached.has(id) || feeding.has(id),
    (edge) => {
      const { source, target } = planEdge(plan, edge)
      return !feeding.has(source) || target === startAt
    },
  )
  return { ...part, starts: feeding.size > 0 ? [...feeding] : [startAt] }
}

function beforeStop(plan: Plan, stopAt: string | undefined): Plan {
  if (stopAt === undefined) return plan
  const sources = new Map<string, string[]>()
  for (const { source, target } of Object.values(plan.edges)) {
    sources.set(target, [...(sources.get(target) ?? []), source])
  }
  const leading = closure(stopAt, (id) => sources.get(id) ?? [])
  const part = keep(
    plan,
    (id) => leading.has(id),
    (edge) => planEdge(plan, edge).source !== stopAt,
  )
  return { ...part, starts: plan.starts.filter((id) => leading.has(id)) }
}

/** Everything that can be come to from here, this node included. */
function closure(from: string, next: (id: string) => readonly string[]): ReadonlySet<string> {
  const seen = new Set([from])
  // A Set is walked in the order of insertion, what is added on the way included.
  for (const id of seen) for (const other of next(id)) seen.add(other)
  return seen
}

function keep(plan: Plan, hasNode: (id: string) => boolean, hasEdge: (id: string) => boolean): Plan {
  const edges = Object.entries(plan.edges).filter(
    ([id, { source, target }]) => hasNode(source) && hasNode(target) && hasEdge(id),
  )
  const left = new Set(edges.map(([id]) => id))
  const isLeft = (id: string): boolean => left.has(id)
  const trim = (node: PlanNode): PlanNode => ({
    ...node,
    incoming: node.incoming.filter(isLeft),
    outgoing: node.outgoing.filter(isLeft),
  })
  const nodes = Object.entries(plan.nodes).flatMap(([id, node]) => (hasNode(id) ? [[id, trim(node)] as const] : []))
  return { ...plan, nodes: Object.fromEntries(nodes), edges: Object.fromEntries(edges) }
}
