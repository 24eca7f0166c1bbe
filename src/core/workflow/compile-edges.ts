/** The edges of a graph: what they connect, where a run begins, what it never comes to. */
import { isJsonObject } from '#lib/json'
import type { Graph, GraphEdge, GraphNode } from './graph.ts'
import type { AnyNodeType, Catalog } from './node-type.ts'
import type { PlanEdge } from './plan.ts'
import type { GraphProblem } from './problems.ts'

export function typeOf(catalog: Catalog, node: GraphNode): AnyNodeType | undefined {
  return Object.hasOwn(catalog, node.type) ? catalog[node.type] : undefined
}

function handlesOf(type: AnyNodeType, node: GraphNode): readonly string[] {
  const { config } = node.data
  return isJsonObject(config) ? (type.handlesOf?.(config) ?? []) : []
}

/** The edges by id; what is wrong with them goes into `problems`. */
export function compileEdges(graph: Graph, catalog: Catalog, problems: GraphProblem[]): Map<string, PlanEdge> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const edges = new Map<string, PlanEdge>()
  const ways = new Set<string>()
  for (const edge of graph.edges) {
    const way = JSON.stringify([edge.source, edge.sourceHandle, edge.target, edge.targetHandle])
    if (ways.has(way) || edges.has(edge.id)) {
      problems.push({ code: 'duplicate_edge', params: { edge: edge.id }, edgeId: edge.id })
    }
    ways.add(way)
    edges.set(edge.id, edge)
    problems.push(
      ...checkEnd(edge, edge.source, edge.sourceHandle, 'out'),
      ...checkEnd(edge, edge.target, edge.targetHandle, 'in'),
    )
  }
  return edges

  function checkEnd(edge: GraphEdge, id: string, handle: string, side: 'in' | 'out'): GraphProblem[] {
    const node = nodes.get(id)
    if (node === undefined) return [{ code: 'dangling_edge', params: { edge: edge.id, node: id }, edgeId: edge.id }]
    const type = typeOf(catalog, node)
    // An unknown type was reported already.
    if (type === undefined || type.ports[side].includes(handle)) return []
    // The error handle exists on every node that can be told to branch.
    if (side === 'out' && (handle === 'error' || handlesOf(type, node).includes(handle))) return []
    return [{ code: 'unknown_handle', params: { node: id, handle }, nodeId: id, edgeId: edge.id }]
  }
}

/** The triggers; in a graph without any, the nodes that nothing leads to. */
export function findStarts(graph: Graph, catalog: Catalog): string[] {
  const triggers = graph.nodes.filter((node) => typeOf(catalog, node)?.group === 'triggers')
  const targets = new Set(graph.edges.map((edge) => edge.target))
  const roots = graph.nodes.filter((node) => !targets.has(node.id))
  return (triggers.length > 0 ? triggers : roots).map((node) => node.id)
}

export function findUnreachable(graph: Graph, starts: readonly string[]): GraphProblem[] {
  const outgoing = Map.groupBy(graph.edges, (edge) => edge.source)
  const reached = new Set(starts)
  // A Set is walked in the order of insertion, what is added on the way included.
  for (const id of reached) {
    for (const edge of outgoing.get(id) ?? []) reached.add(edge.target)
  }
  return graph.nodes
    .filter((node) => node.id !== '' && !reached.has(node.id))
    .map((node) => ({ code: 'unreachable_node', params: { node: node.id }, nodeId: node.id }))
}

/** What an edge brings back to a loop must have left it by one of its items. */
export function findStrayReturns(graph: Graph, catalog: Catalog): GraphProblem[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const roleOf = (id: string, handle: string) => {
    const node = nodes.get(id)
    return node && typeOf(catalog, node)?.roles?.[handle]
  }
  const returns = graph.edges.filter((edge) => roleOf(edge.target, edge.targetHandle) === 'collect')
  if (returns.length === 0) return []
  const outgoing = Map.groupBy(graph.edges, (edge) => edge.source)
  const bodies = new Map<string, ReadonlySet<string>>()
  return returns.flatMap((edge): GraphProblem[] => {
    const body = bodies.get(edge.target) ?? bodyOf(edge.target)
    bodies.set(edge.target, body)
    const isDirect = edge.source === edge.target && roleOf(edge.source, edge.sourceHandle) === 'item'
    if (isDirect || body.has(edge.source)) return []
    return [
      {
        code: 'stray_return',
        params: { node: edge.target, source: edge.source },
        nodeId: edge.target,
        edgeId: edge.id,
      },
    ]
  })

  function bodyOf(loop: string): ReadonlySet<string> {
    const isItem = (edge: GraphEdge): boolean => roleOf(loop, edge.sourceHandle) === 'item'
    const seen = new Set((outgoing.get(loop) ?? []).filter(isItem).map((edge) => edge.target))
    seen.delete(loop)
    // A Set is walked in the order of insertion, what is added on the way included.
    for (const id of seen) for (const edge of outgoing.get(id) ?? []) if (edge.target !== loop) seen.add(edge.target)
    return seen
  }
}
