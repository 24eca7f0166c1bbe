import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { Execution } from '#core/workflow/execution'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { sweepExecutions } from '#services/maintenance/sweep-executions'
import { sweepObjects } from '#services/maintenance/sweep-objects'
import { type Account, actorOf, createAccount, HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'
import { objectsOf, retire, rowOf } from '#tests/worker/support/retire'
import { isLast, openSocket } from '#tests/worker/support/socket'
import { createHook, hookNode, open, send } from '#tests/worker/triggers/support'

const MB = 1_000_000

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** A node that answers so many letters. */
function fetchNode(id: string, count: number, key = newId()): NodeSpec {
  return httpNode(id, `${HTTP_URL}/fill/${key}?byte=97&count=${count}`)
}

const pass: NodeSpec = { id: 'pass', type: 'if', config: { condition: true } }
const short: NodeSpec = { id: 'short', type: 'set', config: { fields: { length: '{{ $input.body.length }}' } } }
const valuesOf = async (id: string) =>
  (await objectsOf((await rowOf(id))?.workspace_id ?? '', id)).filter((key) => key.startsWith('/values/'))

describe('an output of 5 MB', { timeout: 60_000 }, () => {
  it('goes from node to node, and is the output of the execution, as any other', async () => {
    const text = { id: 'text', type: 'transform', config: { expression: '$input.data.body' } }
    const set = setNode('keep', { data: '{{ $nodes.call }}', n: '{{ $nodes.call.body.length }}' })
    const definition = graph(
      [trigger, fetchNode('call', 5 * MB), pass, set, text],
      ['start -> call', 'call -> pass', 'pass:true -> keep', 'keep -> text'],
    )
    const execution = await ana.run(definition)
    expect(execution).toMatchObject({ status: 'completed', output: 'a'.repeat(5 * MB) })
    expect(execution.large).toBeUndefined()
    // What is only passed on is the same object: of four outputs there are three.
    await expect.poll(() => valuesOf(execution.id)).toHaveLength(3)
    const visits = await ana.visits(execution.id)
    expect(visits.map(({ status }) => status)).toEqual(Array(5).fill('completed'))
    expect(visits[1]?.output).toMatchObject({ body: 'a'.repeat(5 * MB) })
    // One page has its size: the rest says where it is.
    expect(JSON.stringify(visits).length).toBeLessThan(10 * MB)
    const note = visits[4]?.large?.find(({ path }) => path === '/output')
    expect(note).toMatchObject({ bytes: 5 * MB + 2 })
    const whole = await ana.call((note?.url ?? '').replace('/api/v1', ''))
    expect(whole).toMatchObject({ status: 200, body: 'a'.repeat(5 * MB) })
  })

  it('is told to those who watch by where it is', async () => {
    const execution = await ana.run(chain([trigger, fetchNode('call', 5 * MB)]))
    const socket = await openSocket(`/api/v1/ws/execution/${execution.id}?token=${ana.token}`)
    await socket.until(isLast)
    const done = socket.events().find((frame) => frame.event_type === 'node_completed' && frame.node_id === 'call')
    expect(done?.data).toMatchObject({ output: null, large: [{ path: '/output', url: expect.any(String) }] })
    expect(JSON.stringify(socket.events()).length).toBeLessThan(20_000)
    expect(JSON.stringify(await ana.events(execution.id)).length).toBeLessThan(20_000)
    await expect
      .poll(async () => (await ana.call('/executions?size=1&status=completed')).body)
      .toMatchObject({ items: [{ id: execution.id, output: null, large: [{ path: '/output' }] }] })
  })

  it('is there after the actor has left the memory in the middle', async () => {
    const waiting = { id: 'go', type: 'signal', config: { name: 'go' } }
    const length = setNode('short', { length: '{{ $nodes.call.body.length }}' })
    const id = await ana.start(chain([trigger, fetchNode('call', 5 * MB), waiting, length]))
    await expect.poll(async () => (await ana.execution(id)).status, { timeout: 20_000 }).toBe('waiting')
    await evictDurableObject(actorOf(id))
    await ana.call(`/executions/${id}/signals/go`, { json: {} })
    await expect.poll(async () => (await ana.execution(id)).status, { timeout: 20_000 }).toBe('completed')
    expect((await ana.execution(id)).output).toEqual({ length: 5 * MB })
  })

  it('is re-used by a retry, also when the first run is archived, or gone', async () => {
    const key = newId()
    const failing = httpNode('flaky', `${HTTP_URL}/status/${key}?answers=400,400,200`)
    const length = setNode('short', { length: '{{ $nodes.call.body.length }}' })
    const calls = newId()
    const { id, status } = await ana.run(chain([trigger, fetchNode('call', 5 * MB, calls), failing, length]))
    expect(status).toBe('failed')
    const second = await ana.call(`/executions/${id}/retry?wait=10`, { json: {} })
    const { id: secondId, status: again } = Execution.parse(second.body)
    expect(again).toBe('failed')
    await expect.poll(() => valuesOf(secondId)).toHaveLength(1)
    await retire(secondId)
    const first = `workspaces/${(await rowOf(id))?.workspace_id ?? ''}/executions/${id}/`
    const { objects } = await env.FILES.list({ prefix: first })
    await env.FILES.delete(objects.map((object) => object.key))
    const third = await ana.call(`/executions/${secondId}/retry?wait=10`, { json: {} })
    expect(third.body).toMatchObject({ status: 'completed', output: { length: 5 * MB } })
    expect(await requestsOf(calls)).toHaveLength(1)
  })

  it('goes to a child and comes back', async () => {
    const child = await ana.createWorkflow(
      chain([trigger, { id: 'echo', type: 'transform', config: { expression: '$input.text' } }]),
    )
    const inputs = { text: '{{ $input.body }}' }
    const call = { id: 'sub', type: 'workflow', config: { workflow_id: child.id, inputs } }
    const length = setNode('short', { length: '{{ $input.length }}' })
    const { id, status, output } = await ana.run(chain([trigger, fetchNode('call', 5 * MB), call, length]))
    expect([status, output]).toEqual(['completed', { length: 5 * MB }])
    const childOf = async () => {
      const page = await ana.call(`/executions?parent_execution_id=${id}`)
      return (page.body as { items: { id: string }[] }).items[0]?.id
    }
    // Lists may lag behind.
    await expect.poll(childOf).toBeDefined()
    const childId = (await childOf()) ?? ''
    // Each has its own copy: the other may be deleted first.
    await expect.poll(() => valuesOf(id)).toHaveLength(3)
    await expect.poll(() => valuesOf(childId)).toHaveLength(2)
  })

  it('is read from the archive, and deleted with the execution', async () => {
    const { id } = await ana.run(chain([trigger, fetchNode('call', 5 * MB)]))
    const before = { execution: await ana.execution(id), visits: await ana.visits(id), events: await ana.events(id) }
    await retire(id)
    const after = { execution: await ana.execution(id), visits: await ana.visits(id), events: await ana.events(id) }
    expect(after).toEqual(before)
    expect(await valuesOf(id)).toHaveLength(1)
    const { tables } = connect(env)
    const { workspace_id: workspaceId = '' } = (await rowOf(id)) ?? {}
    await connect(env)
      .update(tables.executions)
      .set({ finished_at: new Date(0) })
      .where(eq(tables.executions.id, id))
    const ctx = { env, config: readConfig(env), db: connect(env), now: Date.now }
    await expect
      .poll(async () => {
        await sweepExecutions(ctx)
        await sweepObjects(ctx)
        return objectsOf(workspaceId, id)
      })
      .toEqual([])
  })

  it('is put again when R2 was away, without another request and without an attempt', async () => {
    const put = vi.spyOn(env.FILES, 'put')
    for (let times = 0; times < 4; times += 1) put.mockRejectedValueOnce(new Error('away'))
    const execution = await ana.run(chain([trigger, fetchNode('call', 5 * MB), short]))
    expect(execution).toMatchObject({ status: 'completed', output: { length: 5 * MB } })
    const visits = await ana.visits(execution.id)
    expect(visits[1]).toMatchObject({ attempts: 1 })
  })
})

describe('a webhook', { timeout: 30_000 }, () => {
  it.each(['on_respond', 'on_finish'])('answers %s with a large body', async (response) => {
    const body = { id: 'body', type: 'transform', config: { expression: '$input.body' } }
    const steps = [fetchNode('call', 5 * MB), body, { id: 'answer', type: 'respond' }]
    const hook = await createHook(ana, chain([hookNode(open({ response })), ...steps]))
    const answer = await send(hook.url)
    expect(answer.status).toBe(200)
    const text = await answer.text()
    expect(response === 'on_respond' ? text : JSON.parse(text)).toBe('a'.repeat(5 * MB))
  })
})

describe('a loop', { timeout: 60_000 }, () => {
  const loop = (items: string, body: NodeSpec, after: NodeSpec, first: NodeSpec): JsonObject => ({
    ...graph([trigger, first, { id: 'each', type: 'loop', config: { items } }, body, after], []),
    edges: [
      { id: 'a', source: 'start', target: first.id },
      { id: 'b', source: first.id, target: 'each' },
      { id: 'c', source: 'each', sourceHandle: 'body', target: body.id },
      { id: 'd', source: body.id, target: 'each', targetHandle: 'next' },
      { id: 'e', source: 'each', sourceHandle: 'done', target: after.id },
    ],
  })

  it('collects large items as they are', async () => {
    const body = fetchNode('call', 2 * MB)
    const first = setNode('list', { items: [1, 2, 3] })
    const sum = setNode('sum', {
      lengths: '{{ $input.map((one) => one.status) }}',
      first: '{{ $input[0].body.length }}',
    })
    const { status, output, error } = await ana.run(loop('$input.items', body, sum, first))
    expect([status, output, error]).toEqual(['completed', { lengths: [200, 200, 200], first: 2 * MB }, null])
  })

  it('goes through a list that lies in R2, and puts together what came back', async () => {
    const first = {
      id: 'list',
      type: 'code',
      config: { code: 'return Array.from({ length: 40 }, (_, n) => "x".repeat(20000) + n)' },
    }
    const body = setNode('echo', { item: '{{ $item }}', at: '{{ $index }}' })
    const after = setNode('end', {
      n: '{{ $input.length }}',
      last: '{{ $input[39].item.slice(-2) }}',
      at: '{{ $input[39].at }}',
    })
    const { status, output, error } = await ana.run(loop('$input', body, after, first))
    expect([status, output, error]).toEqual(['completed', { n: 40, last: '39', at: 39 }, null])
  })
})

describe('an output of 20 MB', { timeout: 60_000 }, () => {
  it('is used by the next node, and told by where it is', async () => {
    const { id, status, output } = await ana.run(chain([trigger, fetchNode('call', 20 * MB), short]))
    expect([status, output]).toEqual(['completed', { length: 20 * MB }])
    const visits = await ana.visits(id)
    expect(visits[1]).toMatchObject({ output: null, large: [{ path: '/output', bytes: expect.any(Number) }] })
    const { url = '' } = visits[1]?.large?.[0] ?? {}
    const { status: code } = await ana.call(url.replace('/api/v1', ''))
    expect(code).toBe(200)
    const stranger = await createAccount()
    expect((await stranger.call(url.replace('/api/v1', ''))).status).toBe(404)
    // The events hold none of it.
    const bytes = await runInDurableObject(actorOf(id), (_, { storage }) => storage.sql.databaseSize)
    expect(bytes).toBeLessThan(200_000)
  })

  it('of more than 25 MiB fails the node, and names the limit', async () => {
    const { status, error } = await ana.run(chain([trigger, fetchNode('call', 27 * MB)]))
    expect([status, error?.code]).toEqual(['failed', 'outbound_too_large'])
    expect(error?.message).toContain('26214400')
  })
})
