/** A stored definition, in any of its shapes, as the parts of a file: the one form to write and to compare. */
import { asText, type Definition, objects } from '#core/workflow/graph'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'
import { writeEdgePath } from './edge-path.ts'
import { DATA_KEYS, type FileNode } from './file.ts'

/** What an editor notes of its own state, and says anew at every opening. */
const VOLATILE: ReadonlySet<string> = new Set([
  'selected',
  'dragging',
  'resizing',
  'measured',
  'positionAbsolute',
  'internals',
])

export interface FileEdgeParts {
  readonly path: string
  readonly ui: JsonObject | undefined
}

export interface FileParts {
  readonly nodes: readonly FileNode[]
  readonly edges: readonly FileEdgeParts[]
  readonly settings: JsonObject | undefined
  readonly ui: JsonObject | undefined
}

export function normalize(definition: Definition): FileParts {
  const { nodes, edges, settings, viewport: _, ...rest } = definition
  const { connections, ...others } = rest
  const hasEdges = Array.isArray(edges)
  const links = hasEdges ? edges : connections
  return {
    nodes: objects(nodes).map(toFileNode),
    edges: objects(links).map(toFileEdge),
    settings: isJsonObject(settings) ? orNothing(sorted(withoutNulls(settings))) : undefined,
    ui: orNothing(sorted(hasEdges ? rest : others)),
  }
}

/** As `readGraph` reads it: `configuration` and `name` of the former shape count where `data` says nothing. */
export function toFileNode(node: JsonObject): FileNode {
  const { id, type, position, data, ...rest } = node
  const inner = isJsonObject(data) ? { ...data } : {}
  for (const [key, former] of [
    ['config', 'config'],
    ['config', 'configuration'],
    ['label', 'name'],
  ] as const) {
    if ((inner[key] ?? null) !== null || (rest[former] ?? null) === null) continue
    inner[key] = rest[former] ?? null
    delete rest[former]
  }
  // Where `data` has a config nothing reads these.
  delete rest['config']
  delete rest['configuration']
  const point = toPoint(position)
  const known = DATA_KEYS.flatMap((key): [string, Json][] => {
    const value = inner[key] ?? null
    return value === null ? [] : [[key, key === 'config' ? value : sorted(value)]]
  })
  const others = Object.entries(inner).filter(([key]) => !DATA_KEYS.some((name) => name === key))
  const { label, ...behind } = Object.fromEntries(known)
  const extra = orNothing(sorted(Object.fromEntries(others)))
  const ui = orNothing(
    sorted({ ...stable(rest), ...(point === undefined && position !== undefined ? { position } : {}) }),
  )
  return {
    id: asText(id),
    type: asText(type),
    ...(label === undefined ? {} : { label }),
    ...(point === undefined ? {} : { position: point }),
    ...behind,
    ...(extra === undefined ? {} : { data: extra }),
    ...(ui === undefined ? {} : { ui }),
  }
}

function toFileEdge(edge: JsonObject): FileEdgeParts {
  // Nobody but an editor speaks of an edge by its id, and it takes any.
  const { id: _, source, sourceHandle, sourcePort, target, targetHandle, targetPort, ...rest } = edge
  const path = writeEdgePath({
    source: asText(source),
    sourceHandle: asText(sourceHandle ?? sourcePort) || 'out',
    target: asText(target),
    targetHandle: asText(targetHandle ?? targetPort) || 'in',
  })
  return { path, ui: orNothing(sorted(stable(rest))) }
}

/** Whole pixels: nobody wants to read that a node moved by a thousandth. */
function toPoint(position: Json | undefined): [number, number] | undefined {
  if (!isJsonObject(position)) return undefined
  const { x, y, ...rest } = position
  if (typeof x !== 'number' || typeof y !== 'number' || Object.keys(rest).length > 0) return undefined
  // Zero is added since there is a negative one.
  return [Math.round(x) + 0, Math.round(y) + 0]
}

function stable(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !VOLATILE.has(key)))
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}

function orNothing(object: JsonObject): JsonObject | undefined {
  return Object.keys(object).length === 0 ? undefined : object
}

/** Keys in one order at every depth, for objects in which the order says nothing. */
function sorted<Value extends Json>(value: Value): Value
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => sorted(item))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]))
}
