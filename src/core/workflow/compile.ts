import { isJsonObject, type Json } from '#lib/json'
import { err, ok, type Result } from '#lib/result'
import { compileEdges, findStarts, findStrayReturns, findUnreachable, typeOf } from './compile-edges.ts'
import { toPattern } from './fields.ts'
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
import type { Plan, PlanNode } from './plan.ts'
import { toPointer } from '#core/input/json-pointer'
import { explainPart } from './explain-part.ts'
import type { GraphProblem } from './problems.ts'
import { findSources, type Source } from './programs.ts'
import { containsTemplate, findBareTexts, isMixedText } from './template.ts'

/** Of a graph that is wrong all over, this many problems are told. */
const MAX_PROBLEMS = 1_000
/** Each schedule has an actor of its own, which hears of every publication. */
const MAX_TRIGGERS = 50
/** Parsing one takes some 20 µs of the thread that everybody shares. */
const MAX_EXPRESSIONS = 10_000

/** A definition as a plan, or all its problems at once. */
export function compile(definition: Definition, catalog: Catalog): Result<Plan, readonly GraphProblem[]> {
  const graph = readGraph(definition)
  const problems: GraphProblem[] = []
  const settings = GraphSettings.safeParse(graph.settings)
  if (!settings.success) {
    problems.push(
      ...explainPart(settings.error.issues, { code: 'bad_settings', at: '/settings', value: graph.settings }),
    )
  }
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
  report(findStrayReturns(graph, catalog))
  const triggers = graph.nodes.filter((node) => typeOf(catalog, node)?.group === 'triggers')
  if (triggers.length > MAX_TRIGGERS) problems.push({ code: 'too_many_triggers', params: { limit: MAX_TRIGGERS } })
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
  if (!data.success) {
    const part = { code: 'bad_data', at: '/data', value: node.data, nodeId: node.id } as const
    return { node: undefined, problems: explainPart(data.error.issues, part) }
  }
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
      join: type.join ?? data.data.join,
      roles: { ...type.roles },
      startsExecution: type.startsExecution ?? false,
      mainHandle: type.ports.out[0] ?? 'out',
      incoming: (links.incoming.get(node.id) ?? [])
        .filter((edge) => type.roles?.[edge.targetHandle] !== 'collect')
        .map((edge) => edge.id),
      outgoing: (links.outgoing.get(node.id) ?? []).map((edge) => edge.id),
    },
    problems,
  }
}

/** What a template will give is not known yet: complaints about values that hold one wait for the run. */
function checkConfig(node: GraphNode, data: NodeData, type: AnyNodeType): GraphProblem[] {
  const parsed = type.config.safeParse(data.config)
  const issues = (parsed.success ? [] : parsed.error.issues).filter((issue) => {
    const value = valueAt(data.config, issue.path)
    const isExpression = typeof value === 'string' && type.expressions?.includes(toPattern(issue.path)) === true
    return issue.code === 'unrecognized_keys' || !(isExpression || containsTemplate(value))
  })
  return explainPart(issues, { code: 'bad_config', at: '/data/config', value: data.config, nodeId: node.id })
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}

/** A field that is an expression: without it the node decides nothing, and text around one is true whatever it says. */
function checkBareFields(node: GraphNode, data: NodeData, type: AnyNodeType): GraphProblem[] {
  const at = (patterns: readonly string[] = []): Field[] =>
    patterns.flatMap((pattern) => fieldsAt(data.config, pattern.split('.')))
  const missing = [
    ...at(type.expressions).filter(({ value }) => value === undefined),
    ...at(type.bodies).filter(({ value }) => typeof value !== 'string'),
  ]
  const mixed = [...findBareTexts(data.config, type)].filter(({ text }) => isMixedText(text))
  return [...missing, ...mixed].map(({ path }) => ({
    code: 'expression_missing',
    params: { field: path.join('.') },
    nodeId: node.id,
    path: toPointer(['data', 'config', ...path]),
  }))
}

interface Field {
  readonly path: readonly (string | number)[]
  readonly value: Json | undefined
}

/** The fields that a pattern means: `*` is each member of a list. What stands where a list should is the schema's matter. */
function fieldsAt(value: Json | undefined, pattern: readonly string[], path: Field['path'] = []): Field[] {
  const [key, ...rest] = pattern
  if (key === undefined) return [{ path, value }]
  if (key === '*') {
    return Array.isArray(value) ? value.flatMap((member, index) => fieldsAt(member, rest, [...path, index])) : []
  }
  return isJsonObject(value) ? fieldsAt(value[key], rest, [...path, key]) : []
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
    const found = [...checkSource(source, result, checking.ids), ...checkSecrets(source, result, String(path[0]), type)]
    problems.push(...found.map((problem) => ({ ...problem, ...at })))
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

function checkSecrets(
  expression: string,
  result: Source['result'],
  field: string,
  { secrets = [] }: AnyNodeType,
): Pick<GraphProblem, 'code' | 'params'>[] {
  const uses = result.ok ? result.value.secrets : []
  if (uses.length > 0 && !secrets.includes(field)) return [{ code: 'secret_not_here', params: { field } }]
  return uses.includes(null) ? [{ code: 'secret_not_named', params: { expression } }] : []
}
