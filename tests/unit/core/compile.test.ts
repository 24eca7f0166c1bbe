import { describe, expect, test } from 'vitest'
import { compile } from '#core/workflow/compile'
import type { GRAPH_PROBLEMS } from '#core/workflow/problems'
import { Plan } from '#core/workflow/plan'
import { catalog } from '#nodes/catalog'
import { AnyJsonObject } from '#core/json'
import type { JsonObject } from '#lib/json'
import { draw, planOf, problemsOf, testCatalog } from './graph-builder.ts'

const set = (config: JsonObject): JsonObject => ({ type: 'set', config })

describe('what is wrong with a graph', () => {
  const start = { id: 'start', type: 'trigger.manual' }
  // Whether a workflow, a file or an agent is there the graph alone does not say.
  const cases: Record<
    Exclude<keyof typeof GRAPH_PROBLEMS, 'unknown_workflow' | 'unknown_file' | 'unknown_agent'>,
    [JsonObject, JsonObject]
  > = {
    no_nodes: [{ nodes: [], edges: [] }, {}],
    no_start: [draw('a -> b -> a'), {}],
    node_without_id: [{ nodes: [start, { type: 'set' }] }, {}],
    expression_missing: [draw('start -> a', { a: { type: 'if', config: {} } }), { nodeId: 'a' }],
    duplicate_node: [{ nodes: [start, start] }, { nodeId: 'start' }],
    unknown_type: [
      draw('start -> a', { a: { type: 'constructor' } }),
      { nodeId: 'a', params: { type: 'constructor' } },
    ],
    bad_data: [
      draw('start -> a', { a: { retry: { max_attempts: 99 } } }),
      { nodeId: 'a', path: '/data/retry/max_attempts' },
    ],
    bad_config: [
      draw('start -> a', { a: set({ fields: {}, 'a/b~c': 1 }) }),
      { nodeId: 'a', path: '/data/config/a~1b~0c' },
    ],
    too_many_triggers: [
      { nodes: Array.from({ length: 51 }, (_, n) => ({ ...start, id: `start${n}` })) },
      { params: { limit: 50 } },
    ],
    too_many_expressions: [
      draw('start -> a; start -> b', {
        a: set({ fields: { x: '{{ 1 }}'.repeat(6_000) } }),
        b: set({ fields: { x: '{{ 1 }}'.repeat(400_000) } }),
      }),
      { nodeId: 'b', path: '/data/config/fields/x', params: { limit: 10_000 } },
    ],
    bad_settings: [draw('start', {}, { concurrency: 0 }), { path: '/settings/concurrency' }],
    dangling_edge: [
      { nodes: [start], edges: [{ id: 'e', source: 'start', target: 'gone' }] },
      { edgeId: 'e', params: { edge: 'e', node: 'gone' } },
    ],
    duplicate_edge: [draw('start -> a; start -> a'), { edgeId: 'start:out>a' }],
    unknown_handle: [draw('start -nowhere-> a'), { nodeId: 'start', edgeId: 'start:nowhere>a' }],
    stray_return: [
      {
        nodes: [start, { id: 'l', type: 'loop', data: { config: { items: [] } } }, { id: 'a', type: 'work' }],
        edges: [
          { source: 'start', target: 'l' },
          { source: 'start', target: 'a' },
          { id: 'e', source: 'a', target: 'l', targetHandle: 'next' },
        ],
      },
      { nodeId: 'l', edgeId: 'e', params: { node: 'l', source: 'a' } },
    ],
    unreachable_node: [draw('start -> a; b -> a'), { nodeId: 'b' }],
    expression_syntax: [
      draw('start -> a', { a: set({ fields: { x: [{ y: '{{ 1 + }}' }] } }) }),
      { nodeId: 'a', path: '/data/config/fields/x/0/y', params: { expression: '1 +' } },
    ],
    expression_unsupported: [
      draw('start -> a', { a: set({ fields: { x: `{{ ${'!'.repeat(300)}1 }}` } }) }),
      { nodeId: 'a', params: { detail: 'nesting > 250' } },
    ],
    expression_unknown_name: [
      draw('start -> a', { a: set({ fields: { x: '{{ process }}' } }) }),
      { params: { detail: 'process' } },
    ],
    expression_unknown_node: [
      draw('start -> a', { a: set({ fields: { x: '{{ $nodes["b c"].x + $nodes.a }}' } }) }),
      { params: { detail: 'b c' } },
    ],
    secret_not_here: [
      draw('start -> a', { a: set({ fields: { x: 'Bearer {{ $secrets.TOKEN }}' } }) }),
      { nodeId: 'a', path: '/data/config/fields/x', params: { field: 'fields' } },
    ],
    secret_not_named: [
      draw('start -> a', {
        a: { type: 'http.request', config: { url: 'https://example.com', headers: { x: '{{ $secrets[$input] }}' } } },
      }),
      { nodeId: 'a', path: '/data/config/headers/x', params: { expression: '$secrets[$input]' } },
    ],
  }

  test.each(Object.entries(cases))('%s', (code, [definition, where]) => {
    const found = problemsOf(AnyJsonObject.parse(definition)).filter((problem) => problem.code === code)
    expect(found).toMatchObject([where])
  })

  test('every problem is told at once', () => {
    const found = problemsOf(
      draw(
        'start -nowhere-> a; b',
        { a: { type: 'llm', config: { model: 'none' } }, b: { type: 'gone' } },
        { concurrency: 0 },
      ),
    )
    expect(found.map((problem) => problem.code).toSorted()).toEqual([
      'bad_config',
      'bad_config',
      'bad_settings',
      'unknown_handle',
      'unknown_type',
      'unreachable_node',
    ])
  })

  test('an edge into a trigger has no handle to end at', () => {
    expect(problemsOf(draw('start -> a -> start'))).toMatchObject([{ code: 'unknown_handle', nodeId: 'start' }])
  })

  test('the error handle is there on every node', () => {
    expect(problemsOf(draw('start -> a -error-> b', { a: { on_error: 'branch' } }))).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__'])(
    'a node with the id %s',
    (id) => {
      const definition = { nodes: [{ id, type: 'trigger.manual' }], edges: [] }
      const codes = problemsOf(definition).map((problem) => problem.code)
      expect(codes).toEqual(id === '__proto__' ? ['node_without_id', 'unreachable_node'].slice(0, codes.length) : [])
    },
  )

  test('ids stand in every event, so they are short', () => {
    const long = 'x'.repeat(201)
    expect(problemsOf({ nodes: [{ id: long, type: 'work' }] })).toMatchObject([{ code: 'node_without_id' }])
    const { edges } = planOf({ ...draw('start -> a'), edges: [{ id: long, source: 'start', target: 'a' }] })
    expect(Object.keys(edges)).toEqual(['edge-1'])
  })

  test('an edge with the id __proto__ gets another one', () => {
    const definition: JsonObject = JSON.parse(
      '{"nodes":[{"id":"start","type":"trigger.manual"},{"id":"a","type":"work"}],"edges":[{"id":"__proto__","source":"start","target":"a"}]}',
    )
    const plan = Plan.parse(JSON.parse(JSON.stringify(planOf(definition))))
    expect(plan.nodes['a']?.incoming.map((edge) => plan.edges[edge]?.source)).toEqual(['start'])
  })
})

describe('stored shapes', () => {
  const today = draw('start -> ask -> fork -true-> end', {
    ask: { type: 'llm', label: 'Ask', config: { model: 'demo/echo', prompt: 'hi' } },
    fork: { type: 'if', config: { condition: 'true' } },
  })

  test('the former one is read as the same plan', () => {
    const former: JsonObject = {
      nodes: [
        { id: 'start', type: 'trigger.manual', name: null, configuration: {} },
        { id: 'ask', type: 'llm', name: 'Ask', configuration: { model: 'demo/echo', prompt: 'hi' } },
        { id: 'fork', type: 'if', configuration: { condition: 'true' } },
        { id: 'end', type: 'work' },
      ],
      connections: [
        { id: 'start:out>ask', source: 'start', sourcePort: 'out', target: 'ask', targetPort: 'in' },
        { id: 'ask:out>fork', source: 'ask', target: 'fork' },
        { id: 'fork:true>end', source: 'fork', sourcePort: 'true', target: 'end' },
      ],
    }
    expect(planOf(former)).toEqual(planOf(today))
  })

  test('React Flow, with what only an editor needs', () => {
    const drawn: JsonObject = {
      nodes: [
        { id: 'start', type: 'trigger.manual', position: { x: 1, y: 2 }, width: 100, selected: true, data: null },
        { id: 'note', type: 'stickyNote', data: { text: 'hello' } },
        { id: 'box', type: 'group' },
        { id: 7, type: 'work', data: { label: null, config: null, retry: null, timeout_ms: null, pinned: null } },
      ],
      edges: [{ source: 'start', sourceHandle: null, target: 7, targetHandle: null, animated: true }],
      viewport: { x: 0, y: 0, zoom: 1 },
      settings: { concurrency: null, theme: 'dark' },
    }
    const plan = planOf(drawn)
    expect(Object.keys(plan.nodes).toSorted()).toEqual(['7', 'start'])
    expect(plan.nodes['7']).toMatchObject({ retry: { max_attempts: 3 }, timeout_ms: 60_000, join: 'all' })
    expect(plan.edges).toEqual({
      'edge-1': { id: 'edge-1', source: 'start', sourceHandle: 'out', target: '7', targetHandle: 'in' },
    })
    expect(plan.settings).toMatchObject({ concurrency: 10, timeout_ms: 3_600_000 })
  })

  test('without a trigger, the nodes that nothing leads to begin', () => {
    expect(planOf(draw('a -> c; b -> c')).starts).toEqual(['a', 'b'])
  })

  test('a plan survives being stored', () => {
    const plan = planOf(today)
    expect(Plan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
  })
})

describe('hostile definitions', () => {
  test.each([
    '{}',
    '{"nodes":1}',
    '{"nodes":{"length":3}}',
    '{"nodes":[null,1,"x",[]],"edges":"x"}',
    '{"nodes":[{"id":{},"type":[]}]}',
    '{"nodes":[{"id":"a","type":"__proto__"}],"settings":[]}',
    '{"nodes":[{"id":"a","type":"set","data":{"__proto__":{"disabled":true},"config":{"fields":{"__proto__":1}}}}]}',
    '{"nodes":[{"id":"a","type":"work","data":{"config":"{{ 1 }}"}}]}',
    '{"__proto__":{"nodes":[]},"edges":[{"source":1e999,"target":null}]}',
  ])('%s', (text) => {
    const definition: JsonObject = JSON.parse(text)
    expect(() => compile(definition, testCatalog)).not.toThrow()
  })

  test('more unreachable nodes than a call takes arguments', () => {
    const nodes = [
      { id: 'start', type: 'trigger.manual' },
      ...Array.from({ length: 130_000 }, (_, index) => ({ id: `n${index}`, type: 'work' })),
    ]
    expect(problemsOf({ nodes })).toHaveLength(1000)
  })

  /** How often anything of the definition is read while it is compiled. */
  function countReads(nodes: number): number {
    const ids = Array.from({ length: nodes }, (_, index) => `n${index}`)
    const definition = draw(`start -> ${ids.join(' -> ')}`)
    let reads = 0
    const watch = <T extends object>(object: T): T =>
      new Proxy(object, {
        get(target, key, receiver) {
          reads += 1
          const value: unknown = Reflect.get(target, key, receiver)
          return typeof value === 'object' && value !== null ? watch(value) : value
        },
      })
    expect(compile(watch(definition), testCatalog).ok).toBe(true)
    return reads
  }

  test('10,000 nodes take ten times what 1,000 take', () => {
    expect(countReads(10_000) / countReads(1_000)).toBeLessThan(10.5)
  })
})

test('the catalog knows its nodes by their own names', () => {
  for (const [name, type] of Object.entries(catalog)) expect(type.type).toBe(name)
})
