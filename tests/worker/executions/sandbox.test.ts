import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, graph, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Account
let bia: Account

beforeAll(async () => {
  ana = await createAccount()
  bia = await createAccount()
})

const orders = [
  { city: 'Recife', total: 10.5 },
  { city: 'Natal', total: 5 },
  { city: 'Recife', total: 32 },
]

describe('expressions that need the sandbox', () => {
  test('a pure node that holds one is performed, and the run goes on', async () => {
    const fields = {
      shout: '{{ $input.name.toUpperCase() }}',
      text: 'Hi {{ $input.name.slice(0, 1) }}, {{ $input.gone.trim() }}{{ 1 + 1 }}',
      gone: '{{ $input.gone.trim() }}',
      at: '{{ new Date().getFullYear() > 2000 }}',
    }
    const run = await ana.run(
      chain([trigger, setNode('a', fields), setNode('b', { before: '{{ $nodes.a.shout }}' })]),
      {
        name: 'Ana',
      },
    )
    expect(run).toMatchObject({ status: 'completed', output: { before: 'ANA' } })
    const [, a] = await ana.visits(run.id)
    expect(a?.output).toEqual({ shout: 'ANA', text: 'Hi A, 2', at: true })
  })

  test('a condition decides with it', async () => {
    const nodes = [
      trigger,
      { id: 'has', type: 'if', config: { condition: '$input.tags.includes("vip")' } },
      setNode('yes', { vip: true }),
      setNode('no', { vip: false }),
    ]
    const definition = graph(nodes, ['start -> has', 'has:true -> yes', 'has:false -> no'])
    expect(await ana.run(definition, { tags: ['vip'] })).toMatchObject({ output: { vip: true } })
    expect(await ana.run(definition, { tags: [] })).toMatchObject({ output: { vip: false } })
  })

  test('what throws fails the node with the text of the expression', async () => {
    const run = await ana.run(chain([trigger, setNode('a', { x: '{{ $input.name.shout() }}' })]), { name: 'Ana' })
    expect(run).toMatchObject({ status: 'failed', error: { code: 'expression_failed', node_id: 'a' } })
    expect(run.error?.message).toContain('$input.name.shout()')
  })

  test('what is malformed is found before', async () => {
    const { id } = await ana.createWorkflow(
      chain([
        trigger,
        setNode('a', { x: '{{ $input.map(( }}' }),
        { id: 'c', type: 'code', config: { code: 'return (' } },
      ]),
    )
    const { body } = await ana.call(`/workflows/${id}/validate`, { method: 'POST' })
    expect(body).toMatchObject({
      valid: false,
      problems: [
        { code: 'expression_syntax', node_id: 'a', path: '/data/config/fields/x' },
        { code: 'expression_syntax', node_id: 'c', path: '/data/config/code' },
      ],
    })
  })

  test('a disabled one is not run', async () => {
    const node = { ...setNode('a', { x: '{{ $input.name.shout() }}' }), data: { disabled: true } }
    expect(await ana.run(chain([trigger, node]), { name: 'Ana' })).toMatchObject({ output: { name: 'Ana' } })
  })
})

describe('data nodes in a run', () => {
  test('filter, sort, aggregate and code, one after the other', async () => {
    const definition = chain([
      trigger,
      {
        id: 'some',
        type: 'filter',
        config: { items: '{{ $input.orders }}', condition: 'Math.round($item.total) > 4' },
      },
      { id: 'sorted', type: 'sort', config: { by: 'total', order: 'desc' } },
      { id: 'by', type: 'aggregate', config: { operations: [{ op: 'sum', field: 'total' }], group_by: 'city' } },
      {
        id: 'code',
        type: 'code',
        config: { code: 'return { cities: $input.map((group) => group.city), $0: $nodes.sorted.length }' },
      },
    ])
    const run = await ana.run(definition, { orders })
    expect(run).toMatchObject({ status: 'completed', output: { cities: ['Recife', 'Natal'], $0: 3 } })
  })

  test('validate leaves by its handles', async () => {
    const schema = { type: 'object', required: ['email'] }
    const nodes = [
      trigger,
      { id: 'v', type: 'validate', config: { schema } },
      setNode('no', { errors: '{{ $input.errors }}' }),
    ]
    const run = await ana.run(graph(nodes, ['start -> v', 'v:invalid -> no']), { name: 'x' })
    expect(run).toMatchObject({ status: 'completed', output: { errors: [{ path: '' }] } })
  })
})

describe('code that does not end', () => {
  test('fails its node with the limit, while another workspace goes on', async () => {
    const id = await ana.start(chain([trigger, { id: 'code', type: 'code', config: { code: 'for (;;) {}' } }]))
    const beside = await bia.run(chain([trigger, setNode('a', { x: '{{ Math.max(1, 2) }}' })]))
    expect(beside).toMatchObject({ status: 'completed', output: { x: 2 } })
    const code = expect.stringMatching(/^sandbox_(steps|time)$/)
    await vi.waitFor(
      async () => expect(await ana.execution(id)).toMatchObject({ status: 'failed', error: { code } }),
      20_000,
    )
  })

  test('a cancelled run does not wait for it', async () => {
    const id = await ana.start(chain([trigger, { id: 'code', type: 'code', config: { code: 'for (;;) {}' } }]))
    await ana.call(`/executions/${id}/cancel`, { method: 'POST' })
    expect(await ana.execution(id)).toMatchObject({ status: 'cancelled' })
  })
})
