import { expect, test } from 'vitest'
import { diffDefinitions } from '#core/workflow/diff'
import { toSlug } from '#core/workflow/slug'
import { readEdgePath, writeEdgePath } from '#core/workflow-file/edge-path'
import { writeYaml } from '#core/workflow-file/yaml'

test.each([
  ['a -> b', 'a', 'out', 'b', 'in'],
  ['a:true -> b:next', 'a', 'true', 'b', 'next'],
  ['  ação   ->   n.1  ', 'ação', 'out', 'n.1', 'in'],
  ['"a b":"x:y" -> "->"', 'a b', 'x:y', '->', 'in'],
  ['"" -> "\\"q\\""', '', 'out', '"q"', 'in'],
])('%s is an edge', (path, source, sourceHandle, target, targetHandle) => {
  expect(readEdgePath(path)).toEqual({ source, sourceHandle, target, targetHandle })
})

test.each(['', 'a', 'a->b', 'a - b', 'a -> ', '-> b', 'a:b:c -> d', '"a -> b', 'a b -> c', '"\\x" -> a'])(
  '%j is none',
  (path) => {
    expect(readEdgePath(path)).toBeUndefined()
  },
)

test('whatever an edge is called, its line says it back', () => {
  for (const name of ['a', '->', ' ', '"', '\\', 'a:b', '\n', '日本', '#', "'", 'a->b']) {
    const ends = { source: name, sourceHandle: name, target: name, targetHandle: name }
    expect(readEdgePath(writeEdgePath(ends))).toEqual(ends)
  }
})

const nodes = (...ids: readonly string[]) => ids.map((id) => ({ id, type: 'set', data: { config: { list: [1, 2] } } }))

test('a diff knows both shapes of a definition, and the order of nodes', () => {
  const former = {
    nodes: [{ id: 'a', type: 'set', name: 'A', configuration: { x: 1 } }],
    connections: [{ source: 'a', sourcePort: 'out', target: 'a' }],
  }
  const now = {
    nodes: [{ id: 'a', type: 'set', selected: true, data: { label: 'A', config: { x: 1 }, retry: null } }],
    edges: [{ id: 'e', source: 'a', target: 'a', targetHandle: null }],
    viewport: { x: 1 },
  }
  expect(diffDefinitions(former, now)).toMatchObject({ identical: true })
  expect(diffDefinitions({ nodes: nodes('a', 'b', 'c') }, { nodes: nodes('c', 'a') })).toMatchObject({
    nodes: { removed: [{ id: 'b' }], changed: [] },
    other: [{ path: '/nodes', old: ['a', 'c'], new: ['c', 'a'] }],
  })
})

test('a diff points into lists and tells absence from null', () => {
  const [a] = nodes('a')
  const changed = { ...a, data: { config: { list: [1, 3, null], 'x/y': null } } }
  const { nodes: found } = diffDefinitions({ nodes: nodes('a') }, { nodes: [changed] })
  expect(found.changed).toEqual([
    {
      id: 'a',
      type: 'set',
      changes: [
        { path: '/config/list/1', old: 2, new: 3 },
        { path: '/config/list/2', new: null },
        { path: '/config/x~1y', new: null },
      ],
    },
  ])
})

test.each([
  ['Ação & Reação', 'acao-reacao'],
  ['  --A__b--  ', 'a-b'],
  ['日本', 'workflow'],
  ['ﬁm Ⅳ', 'fim-iv'],
  [`${'a'.repeat(79)} b c`, 'a'.repeat(79)],
])('the slug of %j is %j', (name, slug) => {
  expect(toSlug(name)).toBe(slug)
})

test('a thousand nodes are written within a second or so', () => {
  const began = performance.now()
  const text = writeYaml({ nodes: nodes(...Array.from({ length: 1_000 }, (_, n) => `n${n}`)) })
  expect(text.length).toBeGreaterThan(10_000)
  expect(performance.now() - began).toBeLessThan(5_000)
})
