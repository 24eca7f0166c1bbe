/** Graphs as an editor saves them. */
import type { Json, JsonObject } from '#lib/json'

export interface NodeSpec {
  readonly id: string
  readonly type: string
  readonly config?: JsonObject
  /** `retry`, `timeout_ms`, `on_error` and so on. */
  readonly data?: JsonObject
}

/** `from -> to` or `from:handle -> to`. */
type Arrow = `${string} -> ${string}`

export const trigger: NodeSpec = { id: 'start', type: 'trigger.manual' }

export function setNode(id: string, fields: JsonObject): NodeSpec {
  return { id, type: 'set', config: { fields } }
}

export function httpNode(id: string, url: string, data: JsonObject = {}): NodeSpec {
  return { id, type: 'http.request', config: { url }, data }
}

export function graph(nodes: readonly NodeSpec[], arrows: readonly Arrow[], settings: JsonObject = {}): JsonObject {
  return {
    nodes: nodes.map(({ id, type, config = {}, data = {} }, index): Json => ({
      id,
      type,
      position: { x: 200 * index, y: 0 },
      data: { config, ...data },
    })),
    edges: arrows.map((arrow, index): Json => {
      const [from = '', target = ''] = arrow.split(' -> ')
      const [source = '', sourceHandle = 'out'] = from.split(':')
      return { id: `e${index + 1}`, source, sourceHandle, target, targetHandle: 'in' }
    }),
    settings,
  }
}

/** One node after the other. */
export function chain(nodes: readonly NodeSpec[], settings: JsonObject = {}): JsonObject {
  const arrows = nodes.slice(1).map((node, index): Arrow => `${nodes[index]?.id ?? ''} -> ${node.id}`)
  return graph(nodes, arrows, settings)
}
