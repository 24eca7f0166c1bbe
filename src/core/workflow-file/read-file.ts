import type { Definition } from '#core/workflow/graph'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'
import { readEdgePath } from './edge-path.ts'
import { DATA_KEYS, type FileEdge, type FileNode, type WorkflowFile } from './file.ts'
import { unmaskNode } from './mask.ts'
import { normalize } from './normalize.ts'
import { type Resolver, resolveReferences, resolveSettings } from './references.ts'

/** What a file cannot mean here; pointers into the file. */
export type FileProblem =
  | { readonly kind: 'unknown_reference'; readonly pointer: string; readonly name: string }
  | { readonly kind: 'masked'; readonly pointer: string }

export interface ReadFile {
  readonly definition: Definition
  readonly problems: readonly FileProblem[]
}

/**
 * The definition that a file describes.
 *
 * @param former the draft that it will replace: masks stand for what is there, and the editor's viewport stays
 */
export function toDefinition(file: WorkflowFile, resolver: Resolver, former?: Definition): ReadFile {
  const problems: FileProblem[] = []
  const formerNodes = new Map(former === undefined ? [] : normalize(former).nodes.map((node) => [node.id, node]))
  const nodes = file.nodes.map((masked, index) => {
    const pointer = `/nodes/${index}`
    const { node, missing } = unmaskNode(masked, formerNodes.get(masked.id))
    for (const path of missing) problems.push({ kind: 'masked', pointer: pointer + path })
    if (!isJsonObject(node.config)) return toNode(node)
    const { value: config, unknown } = resolveReferences(node.type, node.config, resolver)
    for (const { pointer: path, name } of unknown) {
      problems.push({ kind: 'unknown_reference', pointer: `${pointer}/config${path}`, name })
    }
    return toNode({ ...node, config })
  })
  const { value: settings, unknown } = resolveSettings(file.settings ?? {}, resolver)
  for (const { pointer, name } of unknown) {
    problems.push({ kind: 'unknown_reference', pointer: `/settings${pointer}`, name })
  }
  const viewport = former?.['viewport']
  const definition: Definition = {
    ...file.ui,
    nodes,
    edges: toEdges(file.edges),
    ...(viewport === undefined ? {} : { viewport }),
    ...(file.settings === undefined ? {} : { settings }),
  }
  return { definition, problems }
}

function toNode({ id, type, position, data: others, ui, ...node }: FileNode): JsonObject {
  const known = DATA_KEYS.flatMap((key): [string, Json][] => {
    const value = node[key]
    return value === undefined ? [] : [[key, value]]
  })
  return {
    ...ui,
    id,
    type,
    ...(position === undefined ? {} : { position: { x: position[0], y: position[1] } }),
    data: { ...Object.fromEntries(known), ...others },
  }
}

/** Their ids say what they connect, so that they stay the same from one import to the next. */
function toEdges(edges: readonly FileEdge[]): JsonObject[] {
  const seen = new Map<string, number>()
  return edges.map((edge) => {
    const { path, ui } = typeof edge === 'string' ? { path: edge, ui: {} } : edge
    const ends = readEdgePath(path)
    if (ends === undefined) throw new Error(`no edge: ${path}`)
    const count = (seen.get(path) ?? 0) + 1
    seen.set(path, count)
    return { ...ui, id: count === 1 ? path : `${path} #${count}`, ...ends }
  })
}
