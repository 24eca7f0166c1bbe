import { beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#lib/ids'
import { type Account, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { objectsOf, rowOf } from '#tests/worker/support/retire'
import { chain, graph, httpNode, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Account
let bia: Account

beforeAll(async () => {
  ana = await createAccount()
  bia = await createAccount()
})

const signal: NodeSpec = { id: 'paid', type: 'signal', config: { name: 'paid', key: '{{ $trigger.order }}' } }
const end = setNode('end', { got: '{{ $input }}' })
const post = (path: string, json?: unknown, headers: Record<string, string> = {}) =>
  ana.call(path, { method: 'POST', headers, ...(json === undefined ? {} : { json }) })
const statusOf = (id: string) => expect.poll(async () => (await ana.execution(id)).status)

async function held(): Promise<{ readonly id: string; readonly key: string }> {
  const key = newId()
  const id = await ana.start(
    chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', { ok: true })]),
  )
  await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  return { id, key }
}

describe('pause and resume', () => {
  it('stop and go on, and say that an execution has ended', async () => {
    const { id, key } = await held()
    expect((await post(`/executions/${id}/pause`)).status).toBe(200)
    expect((await post(`/executions/${id}/pause`)).status).toBe(200)
    await release(key)
    await statusOf(id).toBe('paused')
    expect((await post(`/executions/${id}/resume`)).status).toBe(200)
    await statusOf(id).toBe('completed')
    for (const verb of ['pause', 'resume', 'cancel']) {
      expect(await post(`/executions/${id}/${verb}`)).toMatchObject({
        status: 409,
        body: { code: 'execution_finished' },
      })
      expect((await post(`/executions/${newId()}/${verb}`)).status).toBe(404)
      expect((await bia.call(`/executions/${id}/${verb}`, { method: 'POST' })).status).toBe(404)
    }
  })

  it('are what older clients say in a body', async () => {
    const { id, key } = await held()
    const act = (action: string) => post(`/executions/${id}/control`, { action })
    expect(await act('pause')).toMatchObject({ status: 200, body: { id } })
    expect(await act('resume')).toMatchObject({ status: 200, body: { id } })
    expect(await act('retry')).toMatchObject({ status: 409, body: { code: 'execution_not_retryable' } })
    expect(await act('cancel')).toMatchObject({ status: 200, body: { id, status: 'cancelled' } })
    expect(await act('explode')).toMatchObject({ status: 422 })
    await release(key)
    expect(await act('retry')).toMatchObject({ status: 200, body: { retry_of: id, trigger: 'retry' } })
  })
})

describe('a retry', () => {
  it('goes on from what failed, once for each Idempotency-Key', async () => {
    const key = newId()
    const once = httpNode('once', `${HTTP_URL}/script/${key}?answers=200`)
    const flaky = httpNode('flaky', `${HTTP_URL}/script/${newId()}?answers=404,200`)
    const { id } = await ana.run(chain([trigger, once, flaky]), { n: 1 })
    const headers = { 'Idempotency-Key': newId() }
    const first = await post(`/executions/${id}/retry?wait=10`, undefined, headers)
    expect(first).toMatchObject({ status: 200, body: { status: 'completed', inputs: { n: 1 }, retry_of: id } })
    expect(await post(`/executions/${id}/retry?wait=10`, undefined, headers)).toEqual(
      expect.objectContaining({ body: first.body }),
    )
    expect(await requestsOf(key)).toHaveLength(1)
    await expect
      .poll(async () => (await ana.call(`/executions?retry_of=${id}&trigger=retry`)).body)
      .toMatchObject({ total: 1, items: [{ retry_of: id }] })
    const { id: retried } = first.body as { id: string }
    expect((await post(`/executions/${retried}/retry`)).body).toMatchObject({ code: 'execution_not_retryable' })
    expect((await bia.call(`/executions/${id}/retry`, { method: 'POST' })).status).toBe(404)
  })

  it('is refused where the graph names what is there no more, as a start is', async () => {
    const { id: other } = await ana.createWorkflow(chain([trigger]))
    const call = { id: 'call', type: 'workflow', config: { workflow_id: other } }
    const flaky = httpNode('flaky', `${HTTP_URL}/script/${newId()}?answers=404,200`)
    const { id } = await ana.run(chain([trigger, flaky, call]))
    await ana.call(`/workflows/${other}`, { method: 'DELETE' })
    const refusal = {
      status: 422,
      body: { code: 'workflow_invalid', errors: [{ pointer: '/definition/nodes/call/data/config/workflow_id' }] },
    }
    expect(await post(`/executions/${id}/retry`)).toMatchObject(refusal)
    expect(await post(`/executions/${id}/control`, { action: 'retry' })).toMatchObject(refusal)
    expect((await ana.call(`/executions?retry_of=${id}`)).body).toMatchObject({ total: 0 })
  })

  it('of what still runs is refused', async () => {
    const { id, key } = await held()
    expect((await post(`/executions/${id}/retry`)).status).toBe(409)
    await release(key)
  })
})

describe('a signal', () => {
  it('reaches the node that waits for its name and key, once', async () => {
    const id = await ana.start(chain([trigger, signal, end]), { order: 7 })
    await statusOf(id).toBe('waiting')
    expect((await ana.execution(id)).waiting_for).toMatchObject([
      { kind: 'signal', node_id: 'paid', visit: 1, name: 'paid', key: '7', until: null },
    ])
    expect((await post(`/executions/${id}/signals/paid`, { key: 8, body: 'no' })).status).toBe(202)
    const headers = { 'Idempotency-Key': newId() }
    const first = await post(`/executions/${id}/signals/paid`, { key: 7, body: { amount: 3 } }, headers)
    expect(first).toMatchObject({ status: 202, body: { execution_id: id, name: 'paid', key: '7' } })
    await statusOf(id).toBe('completed')
    expect(await ana.execution(id)).toMatchObject({ output: { got: { amount: 3 } } })
    // Whoever did not get the answer asks again.
    const again = await post(`/executions/${id}/signals/paid`, { key: 7, body: { amount: 3 } }, headers)
    expect(again).toMatchObject({ status: 202, body: first.body })
    expect((await ana.execution(id)).waiting_for).toBeUndefined()
    expect(await post(`/executions/${id}/signals/paid`)).toMatchObject({
      status: 409,
      body: { code: 'execution_finished' },
    })
    expect((await bia.call(`/executions/${id}/signals/paid`, { json: {} })).status).toBe(404)
    expect((await post(`/executions/${newId()}/signals/paid`)).status).toBe(404)
  })
})

describe('a part of a graph', () => {
  // start -> a -> b -> c, and start -> z
  const nodes = [
    trigger,
    setNode('a', { n: 1 }),
    setNode('b', { n: '{{ $input.n + 1 }}' }),
    setNode('c', { n: '{{ $input.n + 1 }}' }),
    setNode('z', { far: true }),
  ]
  const definition = graph(nodes, ['start -> a', 'a -> b', 'b -> c', 'start -> z'])
  const execute = async (json: object) => {
    const { id } = await ana.createWorkflow(definition)
    return ana.call(`/workflows/${id}/execute?wait=10`, { json })
  }

  it('runs between two nodes, with pinned outputs', async () => {
    const { body } = await execute({ start_at: 'b', stop_at: 'b', pinned: { a: { n: 41 } } })
    expect(body).toMatchObject({ status: 'completed', output: { n: 42 } })
  })

  it('takes a pinned output that is an object of its own, also when it is retried', { timeout: 60_000 }, async () => {
    const text = 'ção'.repeat(200_000)
    const flaky = httpNode('flaky', `${HTTP_URL}/script/${newId()}?answers=404,200`)
    const last = { id: 'last', type: 'transform', config: { expression: '$nodes.a' } }
    const large = graph([trigger, setNode('a', {}), flaky, last], ['start -> a', 'a -> flaky', 'flaky -> last'])
    const { id: workflow } = await ana.createWorkflow(large)
    const json = { start_at: 'flaky', pinned: { a: { text, n: 1 } } }
    const { body } = await ana.call(`/workflows/${workflow}/execute?wait=10`, { json })
    const { id } = body as { id: string }
    expect(body).toMatchObject({ status: 'failed' })
    await expect.poll(() => rowOf(id)).toBeDefined()
    const workspaceId = (await rowOf(id))?.workspace_id ?? ''
    expect(await objectsOf(workspaceId, id)).toContainEqual(expect.stringMatching(/^\/values\//))
    const retried = await post(`/executions/${id}/retry?wait=10`)
    expect(retried).toMatchObject({ status: 200, body: { status: 'completed', output: { text, n: 1 } } })
  })

  it('that there is not is named', async () => {
    const pointers = async (json: object) => (await execute(json)).body
    expect(await pointers({ start_at: 'x' })).toMatchObject({ errors: [{ pointer: '/start_at' }] })
    expect(await pointers({ stop_at: 'x' })).toMatchObject({ errors: [{ pointer: '/stop_at' }] })
    expect(await pointers({ pinned: { 'x/y': 1 } })).toMatchObject({ errors: [{ pointer: '/pinned/x~1y' }] })
    expect(await pointers({ start_at: 'b', stop_at: 'z' })).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/stop_at' }],
    })
    expect(await pointers({ begin_at: 'b' })).toMatchObject({ status: 422 })
  })
})
