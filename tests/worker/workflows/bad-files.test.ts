import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '#lib/json'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount } from '#tests/worker/support/api'

const FILE = 'synapscale: 1\nname: Pedidos\nnodes: []\n'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const post = (account: Account, body: string, query = '', type = 'application/yaml') =>
  account.call(`/workflows/import${query}`, { body, headers: { 'Content-Type': type } })

test.each<[string, string[]]>([
  ['slug: Com Espaço', ['/workflows/0/slug']],
  ['synapscale: 2', ['/workflows/0/synapscale']],
  ['nodes: []\nedges: [a - b]', ['/workflows/0/edges/0']],
  ['nodes: [{ id: a, type: set, cfg: 1 }]', ['/workflows/0/nodes/0/cfg']],
  ['nodes: [{ id: 5, type: set }]', ['/workflows/0/nodes/0/id']],
  ['nodes: [{ id: a, type: set, data: { config: {} } }]', ['/workflows/0/nodes/0/data']],
  ['workspace_id: 1', ['/workflows/0/workspace_id']],
  ['name: ""', ['/workflows/0/name']],
])('points at what is wrong: %s', async (line, pointers) => {
  const base: JsonObject = { synapscale: 1, name: 'x', nodes: [] }
  const [key = ''] = line.split(':')
  const rest = Object.entries(base).filter(([name]) => name !== key)
  const text = `${rest.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join('\n')}\n${line}\n`
  expect(problemOf(await post(ana, text))).toMatchObject({ status: 422, pointers })
})

test.each([
  ['a: b: c', 'linha 1'],
  ['name: x\nname: y', 'linha 2'],
  ['nodes: [', 'linha 1'],
  ['a: !!js/function x', 'linha 1'],
  ['a: .nan', 'linha 1'],
  [
    `a: &a [${'x,'.repeat(50)}]\n${Array.from({ length: 9 }, (_, n) => `${'bcdefghij'[n]}: &${'bcdefghij'[n]} [${`*${'abcdefghi'[n]},`.repeat(9)}]`).join('\n')}`,
    'linha',
  ],
  ['['.repeat(20_000), 'linha 1'],
])('says where a text is no YAML that we read: %#', async (text, where) => {
  const problem = problemOf(await post(ana, text))
  expect(problem).toMatchObject({ status: 400, code: 'malformed_yaml' })
  expect(problem.detail).toContain(where)
})

test('a body must be JSON or YAML, and YAML half a megabyte', async () => {
  expect((await post(ana, FILE, '', 'text/plain')).status).toBe(415)
  expect((await post(ana, `# ${'x'.repeat(600_000)}\n${FILE}`)).status).toBe(413)
  expect(problemOf(await post(ana, '{', '', 'application/json')).code).toBe('malformed_json')
  expect(problemOf(await post(ana, '', '')).pointers).toEqual(['/workflows'])
})
