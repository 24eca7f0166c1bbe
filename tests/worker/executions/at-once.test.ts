/** An execution that is waited for and ends at once has no actor: to everybody it is what it would have been with one. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { Execution } from '#core/workflow/execution'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { createChance } from '#tests/unit/core/random'
import { allOf, comparable } from '#tests/worker/support/all-of'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { RANDOM_INPUTS, randomPureGraph } from '#tests/worker/support/random-pure-graph'
import { openSocket } from '#tests/worker/support/socket'

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1)
const PART = 10
const SMALL = chain([trigger, setNode('end', { who: '{{ $execution.id }}' })])

const db = connect(env)
const { workspaces, workflows } = db.tables

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const hasActor = (id: string): Promise<boolean> =>
  runInDurableObject(
    actorOf(id),
    (_, { storage: { sql } }) => sql.exec('SELECT 1 FROM sqlite_schema').toArray().length > 0,
  )

async function execute(workflowId: string, options: { key?: string; inputs?: object } = {}) {
  const { key, inputs = {} } = options
  const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key }
  return ana.call(`/workflows/${workflowId}/execute?wait=10`, { json: { inputs }, headers })
}

/** One graph, both ways: whether the first had no actor, and all that is seen of each. */
async function bothWays(seed: number) {
  const definition = randomPureGraph(createChance(seed))
  const { id: workflowId } = await ana.createWorkflow(definition, { name: `G${seed}` })
  const answer = await execute(workflowId, { inputs: RANDOM_INPUTS })
  expect(answer, `seed ${seed}: ${JSON.stringify(answer.body)}`).toMatchObject({ status: 200 })
  const alone = Execution.parse(answer.body)
  const { body } = await ana.call(`/workflows/${workflowId}/execute`, { json: { inputs: RANDOM_INPUTS } })
  const { execution_id: other } = body as { execution_id: string }
  const isAlone = !(await hasActor(alone.id))
  expect(await hasActor(other)).toBe(true)
  const [first, second] = [await allOf(ana, alone.id), await allOf(ana, other)]
  const answered = [comparable(answer.body, alone.id), comparable(await ana.execution(other), other)]
  return { isAlone, first, second, answered, status: alone.status }
}

describe('an execution that ends at once', () => {
  it.each(SEEDS.filter((seed) => seed % PART === 1))(
    'is the same without an actor and with one: graphs from seed %i on',
    { timeout: 60_000 },
    async (from) => {
      let alone = 0
      for (let seed = from; seed < from + PART; seed += 1) {
        const { isAlone, first, second, answered, status } = await bothWays(seed)
        expect(first, `seed ${seed}`).toEqual(second)
        expect(answered[0], `seed ${seed}`).toEqual(answered[1])
        // What fails is left to an actor.
        expect(isAlone, `seed ${seed}`).toBe(status === 'completed')
        alone += Number(isAlone)
      }
      expect(alone).toBeGreaterThan(0)
    },
  )

  it('has an actor where its caller follows it: a socket on it stays open', async () => {
    const id = await ana.start(SMALL)
    expect(await hasActor(id)).toBe(true)
    const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
    socket.send({ type: 'get_stats' })
    expect(await socket.until(({ type }) => type === 'stats_response')).toMatchObject({ data: { status: 'completed' } })
    socket.close()
  })

  it('has an actor where somebody watches the workspace', async () => {
    const eva = await createAccount()
    const { id: workflowId } = await eva.createWorkflow(SMALL)
    const [found] = await db.select({ id: workflows.workspace_id }).from(workflows).where(eq(workflows.id, workflowId))
    const watched_until = new Date(Date.now() + 60_000)
    await db
      .update(workspaces)
      .set({ watched_until })
      .where(eq(workspaces.id, found?.id ?? ''))
    const { body } = await eva.call(`/workflows/${workflowId}/execute?wait=10`, { json: {} })
    expect(await hasActor(Execution.parse(body).id)).toBe(true)
  })

  it('is one for a hundred requests at once with one key, and the same to each (P3)', async () => {
    const { id: workflowId } = await ana.createWorkflow(SMALL)
    const key = newId()
    const answers = await Promise.all(Array.from({ length: 100 }, () => execute(workflowId, { key })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body)))).toHaveLength(1)
    expect((await ana.call(`/workflows/${workflowId}/executions`)).body).toMatchObject({ total: 1 })
  })

  it('is one whichever way it began, and its key is refused for anything else', async () => {
    const { id: workflowId } = await ana.createWorkflow(SMALL)
    const key = newId()
    const { body: first } = await execute(workflowId, { key })
    const followed = await ana.call(`/workflows/${workflowId}/execute`, {
      json: { inputs: {} },
      headers: { 'Idempotency-Key': key },
    })
    expect(followed).toMatchObject({ status: 202, body: { execution_id: Execution.parse(first).id } })
    const reused = await execute(workflowId, { key, inputs: { other: true } })
    expect(reused).toMatchObject({ body: { code: 'idempotency_key_reused' } })
    expect((await execute(workflowId, { key })).body).toEqual(first)
  })

  it('is known to a repeat whatever has become of the workflow, which the repeat does not keep again', async () => {
    const { id: workflowId } = await ana.createWorkflow(SMALL)
    const key = newId()
    const { body: first } = await execute(workflowId, { key })
    const definition = chain([trigger, setNode('end', { other: true })])
    await ana.call(`/workflows/${workflowId}`, { method: 'PATCH', json: { definition } })
    const versions = async () => (await ana.call(`/workflows/${workflowId}/versions`)).body
    const before = await versions()
    expect((await execute(workflowId, { key })).body).toEqual(first)
    expect(await versions()).toEqual(before)
    await ana.call(`/workflows/${workflowId}`, { method: 'DELETE' })
    expect((await execute(workflowId, { key })).body).toEqual(first)
    expect(await execute(workflowId, { key: newId() })).toMatchObject({ status: 404 })
  })

  it('is nobody else’s', async () => {
    const { id } = await ana.run(SMALL)
    const eva = await createAccount()
    for (const path of ['', '/events', '/nodes'])
      expect(await eva.call(`/executions/${id}${path}`)).toMatchObject({ status: 404 })
    const stranger = await openSocket(`/api/v1/ws/execution/${id}?token=${eva.token}`)
    expect((await stranger.closed).code).toBe(4004)
  })
})
