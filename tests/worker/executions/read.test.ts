import { listDurableObjectIds } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { readConfig } from '#config'
import { Execution, NodeVisit } from '#core/workflow/execution'
import { Workflow } from '#core/workflow/workflow'
import { newId } from '#lib/ids'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, HTTP_URL, pageOf, release, requestsOf } from '#tests/worker/support/api'
import { graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { openSocket } from '#tests/worker/support/socket'

/*  start -> call -> which -true-> yes
 *                    \---false-> no    */
function journey(key: string, what = 'echo') {
  return graph(
    [
      trigger,
      httpNode('call', `${HTTP_URL}/${what}/${key}`),
      { id: 'which', type: 'if', config: { condition: '{{ $input.status == 200 }}' } },
      setNode('yes', { body: '{{ $nodes.call.body }}' }),
      setNode('no', {}),
    ],
    ['start -> call', 'call -> which', 'which:true -> yes', 'which:false -> no'],
  )
}

let ana: Account
let eva: Account

beforeAll(async () => {
  ana = await createAccount()
  eva = await createAccount()
})

async function list(query: string, account = ana) {
  return pageOf(Execution).parse((await account.call(query)).body)
}

describe('an execution', () => {
  it('is read while it runs and after', async () => {
    const key = newId()
    const id = await ana.start(journey(key, 'hold'), { n: 1 })
    expect(await ana.execution(id)).toMatchObject({ status: 'running', output: null, finished_at: null })
    expect(await ana.visits(id)).toMatchObject([
      { node_id: 'start', status: 'completed', input: { n: 1 }, output: { n: 1 } },
      { node_id: 'call', status: 'running', attempts: 1, input: { n: 1 }, output: null, finished_at: null },
    ])
    await release(key)
    await expect.poll(async () => (await ana.execution(id)).status).toBe('completed')
    expect(await ana.execution(id)).toMatchObject({ output: { body: { held: key } } })
    expect((await ana.visits(id)).map(({ node_id }) => node_id)).toEqual(['start', 'call', 'which', 'yes'])
  })

  it('reads alike from its actor and from PostgreSQL, where it lands by itself', async () => {
    const { id, workflow_id } = await ana.run(journey(newId()))
    const found = async () => (await list(`/executions?workflow_id=${workflow_id}&status=completed`)).items
    await expect.poll(found).toHaveLength(1)
    const { workspace_id } = Workflow.parse((await ana.call(`/workflows/${workflow_id}`)).body)
    const run = workflowRun(env, id)
    const live = await run.describe(workspace_id)
    expect((await found())[0]).toEqual(live)
    expect(await ana.execution(id)).toEqual(live)
    const visits = await run.visits(workspace_id, { nodeId: undefined, offset: 0, limit: 100 })
    expect(await ana.visits(id)).toEqual(visits?.items)
  })

  it('has events, dense from 1, behind any of them', async () => {
    const { id } = await ana.run(journey(newId()))
    const events = await ana.events(id)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(events.map(({ event_type, node_id }) => [event_type, node_id].join(' ').trim())).toEqual([
      'execution_started',
      'node_started start',
      'node_completed start',
      'node_started call',
      'node_completed call',
      'node_started which',
      'node_completed which',
      'node_started yes',
      'node_completed yes',
      'node_skipped no',
      'execution_completed',
    ])
    expect(await ana.events(id, 9)).toEqual(events.slice(9))
    expect(await ana.events(id, 99)).toEqual([])
    const { body } = await ana.call(`/executions/${id}/events?after=2&limit=3`)
    expect(body).toEqual({ items: events.slice(2, 5) })
    for (const query of ['after=-1', 'after=x', 'limit=0', 'limit=501']) {
      expect((await ana.call(`/executions/${id}/events?${query}`)).status).toBe(422)
    }
  })

  it('lists its visits in pages and by node, live and afterwards', async () => {
    const key = newId()
    const id = await ana.start(journey(key, 'hold'))
    const page = async (query: string) =>
      pageOf(NodeVisit).parse((await ana.call(`/executions/${id}/nodes?${query}`)).body)
    const look = async () => [
      await page('size=1&page=2'),
      await page('node_id=call'),
      await page('node_id=ghost'),
      await page('page=9'),
    ]
    const shape = (total: number) => [
      { items: [{ node_id: 'call' }], total, pages: total },
      { items: [{ node_id: 'call' }], total: 1 },
      { items: [], total: 0 },
      { items: [], total },
    ]
    expect(await look()).toMatchObject(shape(2))
    await release(key)
    await expect
      .poll(async () => (await list(`/executions?status=completed`)).items.map((item) => item.id))
      .toContain(id)
    expect(await look()).toMatchObject(shape(4))
  })

  it('fails with the node’s error, in the reader’s language', async () => {
    const failing = await ana.run(journey(`${newId()}?answers=404`))
    expect(failing).toMatchObject({ status: 'failed', error: { code: 'http_status', node_id: 'call', status: 404 } })
    expect(failing.error?.message).toMatch(/respondeu 404/)
    const headers = { 'Accept-Language': 'en' }
    const { body } = await ana.call(`/executions/${failing.id}`, { headers })
    expect(Execution.parse(body).error?.message).toMatch(/answered 404/)
  })
})

describe('the list', () => {
  it('takes workflow, status and time', async () => {
    const rui = await createAccount()
    const first = await rui.run(journey(newId()))
    const second = await rui.run(journey(`${newId()}?answers=404`))
    await expect.poll(async () => (await list('/executions?status=failed', rui)).total).toBe(1)
    await expect.poll(async () => (await list('/executions?status=completed', rui)).total).toBe(1)
    const ids = async (query: string) => (await list(`/executions${query}`, rui)).items.map(({ id }) => id)
    expect(await ids('')).toEqual([second.id, first.id])
    expect(await ids('/?size=1&page=2')).toEqual([first.id])
    expect(await ids(`?workflow_id=${first.workflow_id}`)).toEqual([first.id])
    expect(await ids(`?from=${second.created_at}`)).toEqual([second.id])
    expect(await ids(`?to=${first.created_at}`)).toEqual([first.id])
    const withOffset = encodeURIComponent(second.created_at.replace('Z', '+00:00'))
    expect(await ids(`?from=${withOffset}&status=failed`)).toEqual([second.id])
    expect(await list(`/workflows/${first.workflow_id}/executions`, rui)).toMatchObject({ total: 1 })
    expect(await list('/executions?page=5', rui)).toMatchObject({ items: [], total: 2 })
  })

  it('of a workflow stays when that is deleted', async () => {
    const { id, workflow_id } = await ana.run(journey(newId()))
    const path = `/workflows/${workflow_id}/executions`
    await expect.poll(async () => (await list(`${path}?status=completed`)).total).toBe(1)
    await ana.call(`/workflows/${workflow_id}`, { method: 'DELETE' })
    expect(await list(path)).toMatchObject({ items: [{ id }] })
  })

  it.each(['status=done', 'from=yesterday', 'workflow_id=x', 'size=0'])('refuses %s', async (query) => {
    expect((await ana.call(`/executions?${query}`)).status).toBe(422)
  })

  it.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59-12:00'])(
    'takes from=%s',
    async (from) => {
      expect(
        (await ana.call(`/executions?from=${encodeURIComponent(from)}&to=${encodeURIComponent(from)}`)).status,
      ).toBe(200)
    },
  )
})

describe('somebody else’s execution', () => {
  test('does not exist', async () => {
    const key = newId()
    const running = await ana.start(journey(key, 'hold'))
    const { id: finished } = await ana.run(journey(newId()))
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    for (const id of [running, finished]) {
      const attempts = [
        eva.call(`/executions/${id}`),
        eva.call(`/executions/${id}/nodes`),
        eva.call(`/executions/${id}/events`),
        eva.call(`/executions/${id}/cancel`, { method: 'POST' }),
        eva.call('/ws/tickets', { json: { resource: 'execution', id } }),
      ]
      for (const answer of await Promise.all(attempts)) expect(problemOf(answer)).toMatchObject({ status: 404 })
      const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${eva.token}`)
      expect(await socket.closed).toMatchObject({ code: 4004 })
      expect(socket.frames).toEqual([])
    }
    expect(await list('/executions', eva)).toMatchObject({ total: 0 })
    expect(await ana.execution(running)).toMatchObject({ status: 'running' })
    await release(key)
  })
})

describe('an actor', () => {
  const everywhere = (id: string) => [
    ana.call(`/executions/${id}`),
    ana.call(`/executions/${id}/nodes`),
    ana.call(`/executions/${id}/events`),
    ana.call(`/executions/${id}/cancel`, { method: 'POST' }),
    ana.call('/ws/tickets', { json: { resource: 'execution', id } }),
  ]
  const countActors = async () => (await listDurableObjectIds(env.WORKFLOW_RUN)).length

  it('is never made for an id whose check is broken', async () => {
    const sealed = sealedId(readConfig(env).SECRET_KEY, Date.now())
    const broken = sealed.slice(0, -1) + (sealed.endsWith('0') ? '1' : '0')
    const before = await countActors()
    for (const id of [broken, newId(), '00000000-0000-0000-0000-000000000000']) {
      for (const answer of await Promise.all(everywhere(id))) expect([404, 422]).toContain(answer.status)
      const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
      expect(await socket.closed).toMatchObject({ code: 4004 })
    }
    expect(await countActors()).toBe(before)
  })

  it('is one, however its id is spelled', async () => {
    const id = await ana.start(journey(newId(), 'hold'))
    const before = await countActors()
    for (const spelled of [id.toUpperCase(), id.replace(/[a-f]/, (letter) => letter.toUpperCase())]) {
      expect((await ana.call(`/executions/${spelled}/events`)).body).toMatchObject({ items: [{ seq: 1 }, {}, {}, {}] })
      const socket = await openSocket(`/api/v1/ws/execution/${spelled}?token=${ana.token}`)
      await socket.until(({ seq }) => seq === 4)
    }
    expect(await ana.call(`/executions/${id.toUpperCase()}/cancel`, { method: 'POST' })).toMatchObject({ status: 200 })
    expect(await countActors()).toBe(before)
  })
})
