import type { ItemRef, Token } from './event.ts'
import { type Plan, type PlanNode, planNode } from './plan.ts'
import { canReach, type NodeSet, nodeSet } from './reach.ts'
import type { Arrivals, Frame, RunState } from './run.ts'

/** A node that may start now, where, and the tokens that it starts with. */
export interface Ready {
  readonly nodeId: string
  readonly item: ItemRef | undefined
  readonly tokens: readonly Token[]
}

/**
 * The next node that can start, or undefined. Joins as in `engine.md`, and for each frame by itself: `all` waits for
 * every edge that can still deliver; when nothing else can move, the join that has waited longest fires with what it has.
 */
export function findReady(plan: Plan, state: RunState): Ready | undefined {
  const ready = findInFrame(plan, state, state.root)
  if (ready !== undefined) return ready
  for (const frame of state.items.values()) {
    const inItem = findInFrame(plan, state, frame)
    if (inItem !== undefined) return inItem
  }
  return undefined
}

function findInFrame(plan: Plan, state: RunState, frame: Frame): Ready | undefined {
  if (frame.arrivals.size === 0) return undefined
  const alive = aliveNodes(plan, state, frame)
  for (const [nodeId, waiting] of frame.arrivals) {
    const node = planNode(plan, nodeId)
    if (node.join !== 'all' || isComplete(plan, node, waiting, alive)) return takeFor(node, frame, waiting)
  }
  if (frame.live.size > 0) return undefined
  for (const [nodeId, waiting] of frame.arrivals) return takeFor(planNode(plan, nodeId), frame, waiting)
  return undefined
}

function takeFor(node: PlanNode, { item }: Frame, { tokens }: Arrivals): Ready {
  if (node.join !== 'all') return { nodeId: node.id, item, tokens: tokens.slice(0, 1) }
  const firsts = new Map<string, Token>()
  for (const token of tokens) if (!firsts.has(token.edge)) firsts.set(token.edge, token)
  return { nodeId: node.id, item, tokens: node.incoming.flatMap((edge) => firsts.get(edge) ?? []) }
}

function isComplete(plan: Plan, node: PlanNode, { byEdge }: Arrivals, alive: NodeSet): boolean {
  if (byEdge.size === node.incoming.length) return true
  return !node.incoming.some((edge) => !byEdge.has(edge) && canReach(plan, alive, edge))
}

/** Nodes of a frame that hold a live token: begun and not ended, or with tokens before their join. */
export function aliveNodes(plan: Plan, state: RunState, frame: Frame): NodeSet {
  const visited = [...frame.live].flatMap((key) => state.visits.get(key)?.node_id ?? [])
  return nodeSet(plan, [...visited, ...frame.arrivals.keys()])
}

/** Edges whose promised late token can no longer come, so that a join `any` stops waiting to ignore it. */
export function findVoidIgnores(plan: Plan, state: RunState, frame: Frame): string[] {
  if (frame.ignored.size === 0) return []
  const alive = aliveNodes(plan, state, frame)
  return [...frame.ignored.keys()].filter((edge) => !canReach(plan, alive, edge))
}
