import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'

/** A definition as it is stored: just what the editor sent. `readGraph` makes sense of it. */
export const Definition = AnyJsonObject.meta({ description: 'React Flow: { nodes, edges, viewport?, settings? }' })
export type Definition = z.infer<typeof Definition>

export const RetryPolicy = z.object({
  max_attempts: z.int().min(1).max(20).default(3),
  backoff_ms: z.int().min(0).max(3_600_000).default(500),
  factor: z.number().min(1).max(10).default(2),
})
export type RetryPolicy = z.infer<typeof RetryPolicy>

/** A node may take this long: an alarm handler of the platform ends at 15 minutes. */
const MAX_NODE_TIMEOUT_MS = 600_000
const DEFAULT_NODE_TIMEOUT_MS = 60_000
const MAX_ID_LENGTH = 200
export const YEAR_MS = 366 * 24 * 3_600_000
const MAX_NODE_VISITS = 1_000
const MAX_VISITS = 100_000

const jsonObject = AnyJsonObject

/** What the engine reads of a node's `data`; the editor's own properties beside it are none of its business. */
export const NodeData = z.object({
  label: z.string().optional(),
  config: jsonObject.default({}),
  retry: RetryPolicy.default(RetryPolicy.parse({})),
  timeout_ms: z.int().min(1).max(MAX_NODE_TIMEOUT_MS).default(DEFAULT_NODE_TIMEOUT_MS),
  on_error: z.enum(['fail', 'continue', 'branch']).default('fail'),
  join: z.enum(['all', 'any', 'each']).default('all'),
  disabled: z.boolean().default(false),
  /** Its output in runs of the draft, in which it is not performed. */
  pinned: AnyJson.optional(),
})
export type NodeData = z.infer<typeof NodeData>

export const GraphSettings = z.object({
  concurrency: z.int().min(1).max(100).default(10),
  timeout_ms: z.int().min(1).max(YEAR_MS).default(3_600_000),
  /** How often a node may be entered, through a cycle, within the run or within one item of a loop. */
  max_node_visits: z.int().min(1).max(MAX_NODE_VISITS).default(MAX_NODE_VISITS),
  max_visits: z.int().min(1).max(MAX_VISITS).default(MAX_VISITS),
  /** Runs when an execution has failed, with what is known of the failure as its inputs. */
  error_workflow_id: z.uuid().optional(),
})
export type GraphSettings = z.infer<typeof GraphSettings>

/** A node and an edge as any of the two stored shapes means them, before anything is checked. */
export interface GraphNode {
  readonly id: string
  readonly type: string
  readonly data: JsonObject
}

export interface GraphEdge {
  readonly id: string
  readonly source: string
  readonly sourceHandle: string
  readonly target: string
  readonly targetHandle: string
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  readonly settings: JsonObject
}

/** Nodes that only an editor knows: they are kept and never run. */
const VISUAL_TYPES: ReadonlySet<string> = new Set(['group', 'note', 'sticky', 'stickyNote', 'annotation'])

/**
 * Reads React Flow's shape `{ nodes, edges }` and the former `{ nodes, connections }` with `configuration` and `name`
 * on the node. Whatever is no object is left out; `compile` finds what is wrong with the rest.
 */
export function readGraph(definition: Definition): Graph {
  const nodes = objects(definition['nodes'])
    .map(readNode)
    .filter((node) => !VISUAL_TYPES.has(node.type))
  const links = Array.isArray(definition['edges']) ? definition['edges'] : definition['connections']
  const settings = definition['settings']
  return { nodes, edges: objects(links).map(readEdge), settings: isJsonObject(settings) ? withoutNulls(settings) : {} }
}

function readNode(node: JsonObject): GraphNode {
  const data = isJsonObject(node['data']) ? node['data'] : {}
  const config = data['config'] ?? node['config'] ?? node['configuration']
  const label = data['label'] ?? node['name']
  return {
    id: asText(node['id']),
    type: asText(node['type']),
    data: withoutNulls({
      ...data,
      ...(config === undefined ? {} : { config }),
      ...(label === undefined ? {} : { label }),
    }),
  }
}

function readEdge(edge: JsonObject, index: number): GraphEdge {
  return {
    id: edgeId(edge, index),
    source: asText(edge['source']),
    sourceHandle: asText(edge['sourceHandle'] ?? edge['sourcePort']) || 'out',
    target: asText(edge['target']),
    targetHandle: asText(edge['targetHandle'] ?? edge['targetPort']) || 'in',
  }
}

/** Ids stand in every event. `__proto__` cannot be a key of the plan's records. */
export function isUsableId(id: string): boolean {
  return id !== '' && id !== '__proto__' && id.length <= MAX_ID_LENGTH
}

/** Nobody but the editor speaks of an edge by its id: one that we cannot use is replaced. */
function edgeId(edge: JsonObject, index: number): string {
  const id = asText(edge['id'])
  return isUsableId(id) ? id : `edge-${index + 1}`
}

/** The objects of a list; whatever is none is left out. */
export function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

/** An id or a type: numbers count as their text, anything else as nothing. */
export function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** An editor writes `null` for a setting that nobody touched. */
function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}
