import type { z } from 'zod'
import { err, ok, type Result } from '#lib/result'
import {
  type Definition,
  type Graph,
  type GraphEdge,
  type GraphNode,
  GraphSettings,
  isUsableId,
  NodeData,
  readGraph,
} from './graph.ts'
import type { AnyNodeType, Catalog } from './node-type.ts'
import type { Plan, PlanEdge, PlanNode } from './plan.ts'
import { type GraphProblem, toPointer } from './problems.ts'
import { findSources, type Source } from './programs.ts'
import { containsTemplate, findBareTexts, isMixedText } from './template.ts'

/** Of a graph that is wrong all over, this many problems are told. */
const MAX_PROBLEMS = 1_000
/** Parsing one takes some 20 µs of the thread that everybody shares. */
const MAX_EXPRESSIONS = 10_000

/** A definition as a plan, or all its problems at once. */
export function compile(definition: Definition, catalog: Catalog): Result<Plan, readonly GraphProblem[]> {
  const graph = readGraph(definition)
  const problems: GraphProblem[] = []
  const settings = GraphSettings.safeParse(graph.settings)
  if (!settings.success) for (const issue of settings.error.issues) problems.push(settingsProblem(issue))
  // One by one: what is spread into a call lies on the stack.
  const report = (found: Iterable<GraphProblem>): void => {
    for (const problem of found) problems.push(problem)
  }
  const nodes = new Map<string, PlanNode>()
  const links = linksOf(graph)
  const ids = new Set(graph.nodes.map((node) => node.id))
  const checking: Checking = { ids, expressionsLeft: MAX_EXPRESSIONS }
  for (const node of graph.nodes) {
    const compiled = compileNode(node, links, catalog, checking)
    if (nodes.has(node.id)) problems.push({ code: 'duplicate_node', params: { node: node.id }, nodeId: node.id })
    if (compiled.node !== undefined) nodes.set(node.id, compiled.node)
    report(compiled.problems)
  }
  const edges = compileEdges(graph, catalog, problems)
  const starts = findStarts(graph, catalog)
  if (graph.nodes.length === 0) problems.push({ code: 'no_nodes', params: {} })
  else if (starts.length === 0) problems.push({ code: 'no_start', params: {} })
  else report(findUnreachable(graph, starts))
  if (problems.length > 0 || !settings.success) return err(problems.slice(0, MAX_PROBLEMS))
  return ok({ nodes: Object.fromEntries(nodes), edges: Object.fromEntries(edges), starts, settings: settings.data })
}

/** The graph by its ids, so that compiling stays linear. */
interface Links {
  readonly incoming: ReadonlyMap<string, readonly GraphEdge[]>
  readonly outgoing: ReadonlyMap<string, readonly GraphEdge[]>
}

function linksOf(graph: Graph): Links {
  return {
    incoming: Map.groupBy(graph.edges, (edge) => edge.target),
    outgoing: Map.groupBy(graph.edges, (edge) => edge.source),
  }
}

function settingsProblem(issue: z.core.$ZodIssue): GraphProblem {
  return { code: 'bad_settings', params: { detail: issue.message }, path: toPointer(['settings', ...issue.path]) }
}

function compileNode(
  node: GraphNode,
  links: Links,
  catalog: Catalog,
  checking: Checking,
): { readonly node: PlanNode | undefined; readonly problems: GraphProblem[] } {
  if (!isUsableId(node.id)) return { node: undefined, problems: [{ code: 'node_without_id', params: {} }] }
  const type = typeOf(catalog, node)
  if (type === undefined) {
    return { node: undefined, problems: [{ code: 'unknown_type', params: { type: node.type }, nodeId: node.id }] }
  }
  const data = NodeData.safeParse(node.data)
  if (!data.success) return { node: undefined, problems: data.error.issues.map((issue) => dataProblem(node, issue)) }
  const expressions = checkExpressions(node, data.data, type, checking)
  const problems = [
    ...checkConfig(node, data.data, type),
    ...checkBareFields(node, data.data, type),
    ...expressions.problems,
  ]
  return {
    node: {
      ...data.data,
      id: node.id,
      type: node.type,
      sandbox: expressions.needSandbox,
      mainHandle: type.ports.out[0] ?? 'out',
      incoming: (links.incoming.get(node.id) ?? []).map((edge) => edge.id),
      outgoing: (links.outgoing.get(node.id) ?? []).map((edge) => edge.id),
    },
    problems,
  }
}

function typeOf(catalog: Catalog, node: GraphNode): AnyNodeType | undefined {
  return Object.hasOwn(catalog, node.type) ? catalog[node.type] : undefined
}

function dataProblem(node: GraphNode, issue: z.core.$ZodIssue): GraphProblem {
  return {
    code: 'bad_data',
    params: { detail: issue.message },
    nodeId: node.id,
    path: toPointer(['data', ...issue.path]),
  }
}

/** What a template will give is not known yet: complaints about values that hold one wait for the run. */
function checkConfig(node: GraphNode, data: NodeData, type: AnyNodeType): GraphProblem[] {
  const parsed = type.config.safeParse(data.config)
  const issues = parsed.success ? [] : parsed.error.issues
  return issues
    .filter((issue) => issue.code === 'unrecognized_keys' || !containsTemplate(valueAt(data.config, issue.path)))
    .map((issue) => ({
      code: 'bad_config',
      params: { detail: issue.message },
      nodeId: node.id,
      path: toPointer(['data', 'config', ...issue.path]),
    }))
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}

/** A field that is an expression: without it the node decides nothing, and text around one is true whatever it says. */
function checkBareFields(node: GraphNode, data: NodeData, type: AnyNodeType): GraphProblem[] {
  const required = new Set([...(type.expressions ?? []), ...(type.bodies ?? [])])
  const isMissing = (field: string): boolean =>
    type.bodies?.includes(field) ? typeof data.config[field] !== 'string' : data.config[field] === undefined
  const missing = [...required].filter(isMissing).map((field) => [field])
  const mixed = [...findBareTexts(data.config, type)].filter(({ text }) => isMixedText(text)).map(({ path }) => path)
  return [...missing, ...mixed].map((path) => ({
    code: 'expression_missing',
    params: { field: path.join('.') },
    nodeId: node.id,
    path: toPointer(['data', 'config', ...path]),
  }))
}

/** What the expressions of one graph are checked with: its node ids, and how many more may come. */
interface Checking {
  readonly ids: ReadonlySet<string>
  expressionsLeft: number
}

function checkExpressions(
  node: GraphNode,
  data: NodeData,
  type: AnyNodeType,
  checking: Checking,
): { readonly problems: GraphProblem[]; readonly needSandbox: boolean } {
  const problems: GraphProblem[] = []
  let needSandbox = false
  for (const { path, source, result } of findSources(data.config, type)) {
    const at = { nodeId: node.id, path: toPointer(['data', 'config', ...path]) }
    checking.expressionsLeft -= 1
    if (checking.expressionsLeft < 0) {
      problems.push({ code: 'too_many_expressions', params: { limit: MAX_EXPRESSIONS }, ...at })
      break
    }
    if (result.ok && result.value.needsSandbox) needSandbox = true
    problems.push(...checkSource(source, result, checking.ids).map((problem) => ({ ...problem, ...at })))
  }
  return { problems, needSandbox }
}

function checkSource(
  expression: string,
  result: Source['result'],
  ids: ReadonlySet<string>,
): Pick<GraphProblem, 'code' | 'params'>[] {
  if (!result.ok) return [{ code: result.error.code, params: { expression, detail: result.error.detail } }]
  const unknown = result.value.nodeIds.filter((id) => !ids.has(id))
  return unknown.map((detail) => ({ code: 'expression_unknown_node', params: { expression, detail } }))
}

function compileEdges(graph: Graph, catalog: Catalog, problems: GraphProblem[]): Map<string, PlanEdge> {
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
    const ports = typeOf(catalog, node)?.ports[side]
    // The error handle exists on every node that can be told to branch; an unknown type was reported already.
    if (ports === undefined || ports.includes(handle) || (side === 'out' && handle === 'error')) return []
    return [{ code: 'unknown_handle', params: { node: id, handle }, nodeId: id, edgeId: edge.id }]
  }
}

/** The triggers; in a graph without any, the nodes that nothing leads to. */
function findStarts(graph: Graph, catalog: Catalog): string[] {
  const triggers = graph.nodes.filter((node) => typeOf(catalog, node)?.group === 'triggers')
  const targets = new Set(graph.edges.map((edge) => edge.target))
  const roots = graph.nodes.filter((node) => !targets.has(node.id))
  return (triggers.length > 0 ? triggers : roots).map((node) => node.id)
}

function findUnreachable(graph: Graph, starts: readonly string[]): GraphProblem[] {
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
