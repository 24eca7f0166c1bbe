import { type Plan, planEdge, type PlanNode, planNode } from './plan.ts'
import type { RunState, Token } from './run.ts'

/** A node that may start now, and the tokens that it starts with. */
export interface Ready {
  readonly nodeId: string
  readonly tokens: readonly Token[]
}

/**
 * The next node that can start, or undefined. Joins as in `engine.md`: `all` waits for every edge that can still
 * deliver; when nothing else can move, the waiting join whose first token came first fires with what it has.
 */
export function findReady(plan: Plan, state: RunState): Ready | undefined {
  for (const [nodeId, waiting] of state.arrivals) {
    const node = planNode(plan, nodeId)
    if (node.join !== 'all' || isComplete(plan, state, node, waiting)) return takeFor(node, waiting)
  }
  if (state.live.size > 0) return undefined
  for (const [nodeId, waiting] of state.arrivals) return takeFor(planNode(plan, nodeId), waiting)
  return undefined
}

function takeFor(node: PlanNode, waiting: readonly Token[]): Ready {
  const first = waiting[0]
  if (node.join !== 'all') return { nodeId: node.id, tokens: first === undefined ? [] : [first] }
  const tokens = node.incoming.flatMap((edge) => waiting.find((token) => token.edge === edge) ?? [])
  return { nodeId: node.id, tokens }
}

function isComplete(plan: Plan, state: RunState, node: PlanNode, waiting: readonly Token[]): boolean {
  const missing = node.incoming.filter((edge) => !waiting.some((token) => token.edge === edge))
  if (missing.length === 0) return true
  const alive = aliveNodes(state, node.id)
  return alive.size === 0 || !missing.some((edge) => canDeliver(plan, edge, node.id, alive))
}

/** Nodes that hold a live token: performed, waiting for a retry, or with tokens before their join. */
function aliveNodes(state: RunState, except: string): ReadonlySet<string> {
  const alive = new Set(state.arrivals.keys())
  for (const key of state.live) {
    const visit = state.visits.get(key)
    if (visit !== undefined) alive.add(visit.node_id)
  }
  alive.delete(except)
  return alive
}

/** Edges whose promised late token can no longer come, so that a join `any` stops waiting to ignore it. */
export function findVoidIgnores(plan: Plan, state: RunState): string[] {
  return [...state.ignored.keys()].filter((edge) => !mayDeliver(plan, state, edge))
}

/** Whether a token may still come over this edge, which leads to a join. */
export function mayDeliver(plan: Plan, state: RunState, edge: string): boolean {
  const { target } = planEdge(plan, edge)
  return canDeliver(plan, edge, target, aliveNodes(state, target))
}

/** Whether a live token reaches the edge without passing through the join itself. */
function canDeliver(plan: Plan, edge: string, join: string, alive: ReadonlySet<string>): boolean {
  const seen = new Set([planEdge(plan, edge).source])
  seen.delete(join)
  for (const nodeId of seen) {
    if (alive.has(nodeId)) return true
    for (const incoming of planNode(plan, nodeId).incoming) {
      const { source } = planEdge(plan, incoming)
      if (source !== join) seen.add(source)
    }
  }
  return false
}
