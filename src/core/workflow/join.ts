import { type Plan, type PlanNode, planNode } from './plan.ts'
import { canReach, type NodeSet, nodeSet } from './reach.ts'
import type { RunState, Token, Waiting } from './run.ts'

/** A node that may start now, and the tokens that it starts with. */
export interface Ready {
  readonly nodeId: string
  readonly tokens: readonly Token[]
}

/**
 * The next node that can start, or undefined. Joins as in `engine.md`: `all` waits for every edge that can still
 * deliver; when nothing else can move, the join that has waited longest fires with what it has.
 */
export function findReady(plan: Plan, state: RunState): Ready | undefined {
  const alive = aliveNodes(plan, state)
  for (const [nodeId, waiting] of state.arrivals) {
    const node = planNode(plan, nodeId)
    if (node.join !== 'all' || isComplete(plan, node, waiting, alive)) return takeFor(node, waiting)
  }
  if (state.live.size > 0) return undefined
  for (const [nodeId, waiting] of state.arrivals) return takeFor(planNode(plan, nodeId), waiting)
  return undefined
}

function takeFor(node: PlanNode, { tokens }: Waiting): Ready {
  if (node.join !== 'all') return { nodeId: node.id, tokens: tokens.slice(0, 1) }
  const firsts = new Map<string, Token>()
  for (const token of tokens) if (!firsts.has(token.edge)) firsts.set(token.edge, token)
  return { nodeId: node.id, tokens: node.incoming.flatMap((edge) => firsts.get(edge) ?? []) }
}

function isComplete(plan: Plan, node: PlanNode, { byEdge }: Waiting, alive: NodeSet): boolean {
  if (byEdge.size === node.incoming.length) return true
  return !node.incoming.some((edge) => !byEdge.has(edge) && canReach(plan, alive, edge))
}

/** Nodes that hold a live token: performed, waiting for a retry, or with tokens before their join. */
export function aliveNodes(plan: Plan, state: RunState): NodeSet {
  const visited = [...state.live].flatMap((key) => state.visits.get(key)?.node_id ?? [])
  return nodeSet(plan, [...visited, ...state.arrivals.keys()])
}

/** Edges whose promised late token can no longer come, so that a join `any` stops waiting to ignore it. */
export function findVoidIgnores(plan: Plan, state: RunState): string[] {
  if (state.ignored.size === 0) return []
  const alive = aliveNodes(plan, state)
  return [...state.ignored.keys()].filter((edge) => !canReach(plan, alive, edge))
}
