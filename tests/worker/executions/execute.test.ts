import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { readConfig } from '#config'
import { Execution } from '#core/workflow/execution'
import { GraphSettings } from '#core/workflow/graph'
import { newId } from '#lib/ids'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, actorOf, createAccount, HTTP_URL, pageOf, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'

const GREET = chain([trigger, setNode('end', { said: 'Olá, {{ $trigger.name ?? "ninguém" }}' })])

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

describe('POST /workflows/{id}/execute', () => {
  it('answers 202 at once, with an empty body too', async () => {
    const { id } = await ana.createWorkflow(GREET)
    for (const options of [{ method: 'POST' }, { json: {} }, { json: { inputs: {} } }]) {
      const answer = await ana.call(`/workflows/${id}/execute`, options)
      const executionId = expect.stringMatching(/^[0-9a-f-]{36}$/)
      expect(answer).toMatchObject({ status: 202, body: { execution_id: executionId } })
      expect(answer.body).toMatchObject({ websocket_url: expect.stringContaining('/api/v1/ws/execution/') })
    }
  })

  it('answers 200 with the finished execution when it is told to wait', async () => {
    const execution = await ana.run(GREET, { name: 'Rui' })
    expect(execution).toMatchObject({
      status: 'completed',
      version: 1,
      trigger: 'manual',
      inputs: { name: 'Rui' },
      output: { said: 'Olá, Rui' },
      error: null,
    })
    expect(execution.duration_ms).toBeGreaterThanOrEqual(0)
  })

  it('answers 202 when the time is up', async () => {
    const { id } = await ana.createWorkflow(chain([trigger, httpNode('call', `${HTTP_URL}/hold/${newId()}`)]))
    const answer = await ana.call(`/workflows/${id}/execute?wait=0.2`, { method: 'POST' })
    expect(answer).toMatchObject({ status: 202, body: { status: 'running' } })
  })

  it.each(['wait=-1', 'wait=61', 'wait=x'])('refuses %s', async (query) => {
    const { id } = await ana.createWorkflow(GREET)
    expect((await ana.call(`/workflows/${id}/execute?${query}`, { method: 'POST' })).status).toBe(422)
  })

  it('names the workflow in lower case, however the client wrote it', async () => {
    const { id } = await ana.createWorkflow(GREET)
    const answer = await ana.call(`/workflows/${id.toUpperCase()}/execute?wait=10`, { method: 'POST' })
    expect(answer.body).toMatchObject({ workflow_id: id })
  })

  it('runs the draft, or an older version that was executed before', async () => {
    const { id } = await ana.createWorkflow(chain([trigger, setNode('end', { was: 'first' })]))
    const execute = async (json: object) => (await ana.call(`/workflows/${id}/execute?wait=10`, { json })).body
    expect(await execute({})).toMatchObject({ version: 1, output: { was: 'first' } })
    await ana.call(`/workflows/${id}`, {
      method: 'PATCH',
      json: { definition: chain([trigger, setNode('end', { was: 'second' })]) },
    })
    expect(await execute({})).toMatchObject({ version: 2, output: { was: 'second' } })
    expect(await execute({ version: 1 })).toMatchObject({ version: 1, output: { was: 'first' } })
    expect(await execute({ version: 3 })).toMatchObject({ status: 404 })
  })

  it('stays with the version that it started with (P7)', async () => {
    const key = newId()
    const held = httpNode('call', `${HTTP_URL}/hold/${key}`)
    const { id } = await ana.createWorkflow(chain([trigger, held, setNode('end', { was: 'first' })]))
    const started = ana.call(`/workflows/${id}/execute?wait=10`, { method: 'POST' })
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition: GREET } })
    await ana.call(`/workflows/${id}`, { method: 'DELETE' })
    await release(key)
    expect((await started).body).toMatchObject({ status: 'completed', version: 1, output: { was: 'first' } })
  })

  it('lists every problem of a graph that cannot run', async () => {
    const broken = graph([{ id: 'a', type: 'no.such' }, setNode('b', { x: '{{ 1 + }}' })], ['a -> b', 'a -> ghost'])
    const { id } = await ana.createWorkflow(broken)
    const answer = await ana.call(`/workflows/${id}/execute`, { method: 'POST' })
    expect(problemOf(answer)).toMatchObject({
      status: 422,
      code: 'workflow_invalid',
      pointers: expect.arrayContaining([
        '/definition/nodes/a',
        '/definition/nodes/b/data/config/fields/x',
        '/definition/edges/e2',
      ]),
    })
    const { body } = await ana.call(`/executions?workflow_id=${id}`)
    expect(body).toMatchObject({ total: 0 })
  })

  it.each([
    [{ inputs: [] }, ['/inputs']],
    [{ inputs: {}, status: 'completed' }, ['/status']],
    [{ version: 0 }, ['/version']],
  ])('refuses %j', async (json, pointers) => {
    const { id } = await ana.createWorkflow(GREET)
    const answer = await ana.call(`/workflows/${id}/execute`, { json })
    expect(problemOf(answer)).toMatchObject({ status: 422, pointers })
  })

  it('runs a graph of more than 2 MB', async () => {
    // Odd and even offsets: a piece must not end in the middle of a character.
    const rockets = [`x${'🚀'.repeat(200_000)}`, '🚀'.repeat(200_000)]
    const shown = rockets.map((text, index) => setNode(`shown${index}`, { text }))
    const unused = Array.from({ length: 2 }, (_, index) => ({
      ...setNode(`unused${index}`, { text: 'ã'.repeat(400_000) }),
      data: { disabled: true },
    }))
    const execution = await ana.run(chain([trigger, ...shown, ...unused, setNode('end', { ok: true })]))
    expect(execution).toMatchObject({ status: 'completed', output: { ok: true } })
    const visits = await ana.visits(execution.id)
    expect(visits.slice(1, 3).map(({ output }) => output)).toEqual(rockets.map((text) => ({ text })))
    // The edge refuses larger rows; here nobody does.
    const largest = await runInDurableObject(actorOf(execution.id), (_, { storage }) =>
      ['run', 'events'].map((table) =>
        storage.sql.exec(`SELECT max(length(CAST(body AS BLOB))) AS bytes FROM ${table}`).one(),
      ),
    )
    for (const { bytes } of largest) expect(bytes).toBeLessThan(2_000_000)
  })
})

describe('POST /executions', () => {
  it.each(['inputs', 'input_data'])('takes the workflow’s id and %s', async (name) => {
    const { id } = await ana.createWorkflow(GREET)
    const json = { workflow_id: id, [name]: { name: 'Rui' } }
    expect(await ana.call('/executions/?wait=10', { json })).toMatchObject({
      status: 200,
      body: { workflow_id: id, output: { said: 'Olá, Rui' } },
    })
  })

  it.each([
    [{}, ['/workflow_id']],
    [{ workflow_id: 'x' }, ['/workflow_id']],
    [{ workflow_id: newId(), id: newId() }, ['/id']],
  ])('refuses %j', async (json, pointers) => {
    expect(problemOf(await ana.call('/executions', { json }))).toMatchObject({ status: 422, pointers })
  })

  it('does not know a workflow that nobody made', async () => {
    expect(problemOf(await ana.call('/executions', { json: { workflow_id: newId() } }))).toMatchObject({ status: 404 })
  })
})

describe('Idempotency-Key', () => {
  const execute = (id: string, key: string, json: object = {}) =>
    ana.call(`/workflows/${id}/execute`, { json, headers: { 'Idempotency-Key': key } })

  it('makes one execution out of a hundred at once (P3)', { timeout: 30_000 }, async () => {
    const key = newId()
    const { id } = await ana.createWorkflow(chain([trigger, httpNode('call', `${HTTP_URL}/echo/${key}`)]))
    const answers = await Promise.all(Array.from({ length: 100 }, () => execute(id, key)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    const ids = new Set(answers.map(({ body }) => (body as { execution_id: string }).execution_id))
    expect(ids.size).toBe(1)
    const [executionId = ''] = ids
    await expect.poll(async () => (await ana.execution(executionId)).status).toBe('completed')
    expect(await requestsOf(key)).toHaveLength(1)
    const page = pageOf(Execution).parse((await ana.call(`/executions?workflow_id=${id}`)).body)
    expect(page.items.map((execution) => execution.id)).toEqual([executionId])
  })

  it('is refused with other inputs', async () => {
    const { id } = await ana.createWorkflow(GREET)
    const key = newId()
    await execute(id, key, { inputs: { name: 'Rui' } })
    const answer = await execute(id, key, { inputs: { name: 'Eva' } })
    expect(problemOf(answer)).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
  })

  it('gives the first answer, whatever has become of the workflow since', async () => {
    const { id } = await ana.createWorkflow(GREET)
    const key = newId()
    const first = await execute(id, key)
    const executionIdOf = ({ body }: { body: unknown }) => (body as { execution_id?: string }).execution_id
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition: { nodes: [] } } })
    expect(executionIdOf(await execute(id, key))).toBe(executionIdOf(first))
    await ana.call(`/workflows/${id}`, { method: 'DELETE' })
    expect(executionIdOf(await execute(id, key))).toBe(executionIdOf(first))
  })

  it('is not used up by a workflow that could not run', async () => {
    const { id } = await ana.createWorkflow({ nodes: [] })
    const key = newId()
    expect((await execute(id, key)).status).toBe(422)
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition: GREET } })
    expect((await execute(id, key)).status).toBe(202)
  })
})

it('a second start of the same run changes nothing', async () => {
  const { id: workflowId } = await ana.createWorkflow(GREET)
  const id = sealedId(readConfig(env).SECRET_KEY, Date.now())
  const run = workflowRun(env, id)
  const order = {
    plan: { nodes: {}, edges: {}, starts: [], settings: GraphSettings.parse({ concurrency: 1, timeout_ms: 1_000 }) },
    inputs: { n: 1 },
    header: {
      executionId: id,
      workspaceId: newId(),
      workflowId,
      workflowName: 'w',
      version: 1,
      trigger: 'manual',
      createdBy: null,
      createdAt: Date.now(),
    },
  }
  const first = await run.start(order)
  const other = { ...order, inputs: { n: 2 }, header: { ...order.header, workspaceId: newId() } }
  expect(await run.start(other)).toEqual(first)
})
