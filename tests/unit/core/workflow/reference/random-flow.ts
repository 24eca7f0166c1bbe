import type { Json } from '#lib/json'
import type { Chance } from '#tests/unit/core/random'
import type { SimpleEdge, SimpleGraph, SimpleNode } from './interpret.ts'

const HANDLES = ['out', 'out', 'yes', 'no', 'error'] as const
const MAX_DEPTH = 2

/**
 * A graph with cycles, all joins, failures and loops within loops. Only work leads back, so that every cycle has a node
 * whose outcome the test decides; a loop has items, and its body begins with work, so that no loop ends at once.
 */
export function randomFlow(chance: Chance): SimpleGraph {
  const nodes: SimpleNode[] = []
  const edges = new Map<string, SimpleEdge>()
  const starts = Array.from({ length: 1 + chance.below(2) }, () => add('start'))
  const outermost = fill(starts, 2 + chance.below(5), 0)
  for (let count = chance.below(3); count > 0; count -= 1) share()
  return { nodes, edges: [...edges.values()] }

  function add(kind: SimpleNode['kind']): SimpleNode {
    const id = `${kind}${nodes.length}`
    const items =
      kind === 'loop' ? Array.from({ length: 1 + chance.below(3) }, (_, index): Json => `${id}-${index}`) : []
    const node: SimpleNode = {
      id,
      kind,
      items,
      join: chance.pick(['all', 'all', 'any', 'each']),
      onError: chance.pick(['fail', 'continue', 'continue', 'branch', 'branch']),
      onItemError: chance.pick(['fail', 'skip', 'collect', 'collect']),
    }
    nodes.push(node)
    return node
  }

  function link(from: SimpleNode, to: SimpleNode, handle: string, toHandle = 'in'): void {
    const edge = { from: from.id, handle, to: to.id, toHandle }
    edges.set(JSON.stringify(edge), edge)
  }

  /** Some way out of a node. */
  function leave(from: SimpleNode, to: SimpleNode): void {
    if (from.kind === 'work') return link(from, to, chance.pick(HANDLES))
    link(from, to, from.kind === 'loop' ? chance.pick(['done', 'done', 'error']) : 'out')
  }

  /** Puts nodes behind those that are there already, and edges between them. */
  function fill(before: readonly SimpleNode[], count: number, depth: number): SimpleNode[] {
    const region = [...before]
    for (let more = 0; more < count; more += 1) {
      const kind = depth < MAX_DEPTH && chance.happens(0.2) ? 'loop' : chance.happens(0.25) ? 'pass' : 'work'
      const node = add(kind)
      leave(chance.pick(region), node)
      region.push(node)
      if (kind === 'loop') body(node, depth + 1)
    }
    for (let extra = chance.below(region.length + 1); extra > 0; extra -= 1) {
      const from = chance.below(region.length)
      const to = before.length + chance.below(Math.max(1, region.length - before.length))
      const [source, target] = [region[from], region[to]]
      if (source === undefined || target === undefined) continue
      if (source.kind === 'work' || to > from) leave(source, target)
    }
    return region
  }

  /** A last node that is come to from outside and from within loops: each frame makes its join for itself. */
  function share(): void {
    const others = nodes.filter(({ id }) => !id.startsWith('last'))
    const last: SimpleNode = { ...add('work'), id: `last${nodes.length}` }
    nodes.splice(-1, 1, last)
    leave(chance.pick(outermost), last)
    for (let more = 1 + chance.below(3); more > 0; more -= 1) leave(chance.pick(others), last)
  }

  function body(loop: SimpleNode, depth: number): void {
    const heads = Array.from({ length: 1 + chance.below(2) }, () => add('work'))
    for (const head of heads) link(loop, head, 'body')
    for (const node of fill(heads, chance.below(4), depth)) {
      if (chance.happens(0.5)) link(node, loop, node.kind === 'loop' ? 'done' : 'out', 'next')
    }
  }
}
