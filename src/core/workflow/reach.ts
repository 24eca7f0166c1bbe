/**
 * Which nodes can send a token over which edge. Asked for every waiting join after every visit, so the graph is walked
 * once for each edge, and the answer kept as a set of bits.
 */
import { isCollected, opensItem, type Plan, planEdge, planNode } from './plan.ts'

/** A set of the plan's nodes, one bit each. */
export type NodeSet = Uint32Array

interface Reach {
  readonly indexes: ReadonlyMap<string, number>
  readonly upstream: Map<string, NodeSet>
}

const known = new WeakMap<Plan, Reach>()

export function nodeSet(plan: Plan, ids: Iterable<string>): NodeSet {
  const { indexes } = reachOf(plan)
  const set: NodeSet = new Uint32Array(Math.ceil(indexes.size / 32))
  for (const id of ids) {
    const index = indexes.get(id) ?? 0
    const word = index >>> 5
    set[word] = (set[word] ?? 0) | (1 << (index & 31))
  }
  return set
}

/**
 * Whether a token at one of `nodes` can reach the edge without passing through the node that the edge leads to, and
 * without leaving its frame: the edges by which a loop's items begin and end lead elsewhere.
 */
export function canReach(plan: Plan, nodes: NodeSet, edge: string): boolean {
  const upstream = upstreamOf(plan, edge)
  return nodes.some((word, index) => (word & (upstream[index] ?? 0)) !== 0)
}

function upstreamOf(plan: Plan, edge: string): NodeSet {
  const { upstream } = reachOf(plan)
  const found = upstream.get(edge) ?? nodeSet(plan, walkBack(plan, edge))
  upstream.set(edge, found)
  return found
}

function walkBack(plan: Plan, edge: string): ReadonlySet<string> {
  const { source: first, target: join } = planEdge(plan, edge)
  const seen = new Set(leavesFrame(plan, edge) ? [] : [first])
  seen.delete(join)
  // A Set is walked in the order of insertion, what is added on the way included.
  for (const nodeId of seen) {
    for (const incoming of planNode(plan, nodeId).incoming) {
      const { source } = planEdge(plan, incoming)
      if (source !== join && !leavesFrame(plan, incoming)) seen.add(source)
    }
  }
  return seen
}

function leavesFrame(plan: Plan, id: string): boolean {
  const edge = planEdge(plan, id)
  return opensItem(plan, edge) || isCollected(plan, edge)
}

function reachOf(plan: Plan): Reach {
  const reach = known.get(plan) ?? {
    indexes: new Map(Object.keys(plan.nodes).map((id, index) => [id, index])),
    upstream: new Map<string, NodeSet>(),
  }
  known.set(plan, reach)
  return reach
}
