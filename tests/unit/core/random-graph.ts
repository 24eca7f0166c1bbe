import type { Definition } from '#core/workflow/graph'
import type { JsonObject } from '#lib/json'
import type { Chance } from './random.ts'

const HANDLES = ['out', 'out', 'yes', 'no'] as const

/**
 * A small graph: every node is reached, edges also lead back. Pure nodes lead on only, so that every cycle has a node
 * whose outcome the test decides.
 */
export function randomGraph(chance: Chance): Definition {
  const starts = 1 + chance.below(2)
  const count = starts + 2 + chance.below(7)
  const nodes = Array.from({ length: count }, (_, index) => randomNode(chance, index, starts))
  const edges = new Map<string, JsonObject>()
  const link = (from: number, to: number): void => {
    const source = `n${from}`
    const type = nodes[from]?.type
    const sourceHandle = type === 'work' ? chance.pick([...HANDLES, 'error']) : 'out'
    const id = `${source}:${sourceHandle}>n${to}`
    if (type === 'work' || to > from) edges.set(id, { id, source, sourceHandle, target: `n${to}` })
  }
  for (let to = starts; to < count; to += 1) link(chance.below(to), to)
  for (let extra = chance.below(count * 2); extra > 0; extra -= 1) {
    link(chance.below(count), starts + chance.below(count - starts))
  }
  return { nodes, edges: [...edges.values()], settings: { concurrency: 1 + chance.below(4) } }
}

function randomNode(chance: Chance, index: number, starts: number): JsonObject {
  if (index < starts) return { id: `n${index}`, type: 'trigger.manual', data: {} }
  return {
    id: `n${index}`,
    type: chance.happens(0.2) ? 'pass' : 'work',
    data: {
      join: chance.pick(['all', 'all', 'any', 'each']),
      on_error: chance.pick(['fail', 'continue', 'continue', 'branch', 'branch']),
      retry: { max_attempts: 1 + chance.below(3), backoff_ms: chance.below(2000) },
    },
  }
}
