/** Graphs of nodes that need nothing from outside, as odd as people draw them: they run, or fail, in one step. */
import type { Json, JsonObject } from '#lib/json'
import type { Chance } from '#tests/unit/core/random'

const EXPRESSIONS = [
  '{{ $trigger.n }}',
  '{{ $input }}',
  '{{ $trigger.list }}',
  '{{ $trigger.n * 0.1 + 1e21 }}',
  '{{ $trigger.missing?.deep ?? "nada" }}',
] as const
const VALUES: readonly Json[] = [
  ...EXPRESSIONS,
  'Olá {{ $trigger.name }}: "{{ $trigger.list }}"',
  '{{ $execution.id }}',
  '{{ $workflow.name }} é \\ \n\t\u2028 🚀',
  '',
  0,
  -1.5e-7,
  null,
  true,
  [],
  {},
  { __proto: [{ 'a.b': '{{ $trigger.n }}' }], '': 'vazio', $ref: 'x' },
]
const CONDITIONS: readonly Json[] = ['{{ $trigger.n > 5 }}', '{{ $input === null }}', true, false]
const LISTS: readonly Json[] = ['{{ $trigger.list }}', [3, 1, 2], ['b', 'a', ''], '{{ $trigger.n }}']

interface Kind {
  readonly type: string
  readonly config: (chance: Chance) => JsonObject
  readonly handles: readonly string[]
}

const KINDS: readonly Kind[] = [
  {
    type: 'set',
    config: (chance) => ({
      fields: { a: chance.pick(VALUES), 'b c': chance.pick(VALUES) },
      keep_input: chance.happens(0.3),
    }),
    handles: ['out'],
  },
  { type: 'transform', config: (chance) => ({ expression: chance.pick(EXPRESSIONS) }), handles: ['out'] },
  { type: 'if', config: (chance) => ({ condition: chance.pick(CONDITIONS) }), handles: ['true', 'false'] },
  {
    type: 'switch',
    config: (chance) => ({ cases: [{ handle: 'um', condition: chance.pick(CONDITIONS) }], fallback: 'outro' }),
    handles: ['um', 'outro'],
  },
  { type: 'merge', config: (chance) => ({ mode: chance.pick(['object', 'list', 'first']) }), handles: ['out'] },
  { type: 'filter', config: (chance) => ({ items: chance.pick(LISTS), condition: '$item > 1' }), handles: ['out'] },
  { type: 'sort', config: (chance) => ({ items: chance.pick(LISTS), order: 'desc' }), handles: ['out'] },
  { type: 'template', config: () => ({ template: '<{{ $trigger.name }}>{{ $input }}' }), handles: ['out'] },
  {
    type: 'aggregate',
    config: (chance) => ({ items: chance.pick(LISTS), operations: [{ op: 'max', field: '$item' }] }),
    handles: ['out'],
  },
  {
    type: 'respond',
    config: (chance) => ({ status: 201, headers: { 'X-A': 'b' }, body: chance.pick(VALUES) }),
    handles: ['out'],
  },
  {
    type: 'loop',
    config: (chance) => ({
      items: chance.pick(LISTS),
      concurrency: 1 + chance.below(3),
      on_item_error: chance.pick(['fail', 'skip', 'collect']),
    }),
    handles: ['done', 'body'],
  },
  {
    type: 'stop',
    config: (chance) => ({ status: chance.pick(['completed', 'completed', 'failed']), output: chance.pick(VALUES) }),
    handles: [],
  },
]

/** What a graph of these is started with. */
export const RANDOM_INPUTS: JsonObject = { n: 7, name: 'Zé "Ninguém"', list: [5, 0, 'x', null, { a: 1 }] }

interface Placed {
  readonly id: string
  readonly kind: Kind
}

/** A graph that can be executed: one start, and each other node behind one or two before it. */
export function randomPureGraph(chance: Chance): JsonObject {
  const start: Placed = { id: 'start', kind: { type: 'trigger.manual', config: () => ({}), handles: ['out'] } }
  const placed = [start]
  const edges = new Map<string, JsonObject>()
  const link = (from: Placed, sourceHandle: string, to: Placed, targetHandle: string): void => {
    const edge = { source: from.id, sourceHandle, target: to.id, targetHandle }
    edges.set(JSON.stringify(edge), edge)
  }
  for (let count = 2 + chance.below(7); count > 0; count -= 1) {
    const node = { id: `n${placed.length}`, kind: chance.pick(KINDS) }
    const before = placed.filter(({ kind }) => kind.handles.length > 0)
    for (let arrows = 1 + chance.below(2); arrows > 0; arrows -= 1) {
      const from = chance.pick(before)
      const handle = chance.pick(from.kind.handles)
      link(from, handle, node, 'in')
      if (handle === 'body' && node.kind.handles.includes('out')) link(node, 'out', from, 'next')
    }
    placed.push(node)
  }
  return { nodes: placed.map((node) => toNode(node, chance)), edges: toEdges([...edges.values()]) }
}

function toNode({ id, kind }: Placed, chance: Chance): JsonObject {
  const isStart = kind.type === 'trigger.manual'
  const odd: JsonObject = {
    join: chance.pick(['all', 'all', 'any', 'each']),
    on_error: chance.pick(['fail', 'continue', 'continue', 'continue']),
    disabled: chance.happens(0.05),
    ...(chance.happens(0.1) && { pinned: chance.pick([{ a: 1 }, [], 'fixo']) }),
  }
  const data: JsonObject = { config: kind.config(chance), ...(isStart ? {} : odd) }
  return { id, type: kind.type, position: { x: 0, y: 0 }, data }
}

function toEdges(edges: readonly JsonObject[]): JsonObject[] {
  return edges.map((edge, index) => ({ id: `e${index}`, ...edge }))
}
