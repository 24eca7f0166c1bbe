import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { type Account, actorOf, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast } from '#tests/worker/support/socket'

const GUARD_MS = 5_000

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const arrived = (key: string, count = 1) => expect.poll(async () => (await requestsOf(key)).length).toBe(count)

const statusOf = (id: string) => expect.poll(async () => (await ana.execution(id)).status)

function alarmOf(id: string): Promise<number | null> {
  return runInDurableObject(actorOf(id), (_, state) => state.storage.getAlarm())
}

/** Nothing to do until its actor is emptied. */
async function isAtRest(id: string): Promise<boolean> {
  return ((await alarmOf(id)) ?? 0) > Date.now() + 60_000
}

async function startHeld(key: string, settings = {}): Promise<string> {
  const id = await ana.start(
    chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', { ok: true })], settings),
  )
  await arrived(key)
  return id
}

/** Dense, one end, one outcome for each visit (P2). */
async function expectSoundEvents(id: string): Promise<void> {
  const events = await ana.events(id)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  expect(events.filter(isLast)).toHaveLength(1)
  const outcomes = events.filter(({ event_type }) => /node_(completed|failed)/.test(event_type))
  const keys = outcomes.map(({ node_id, data }) => JSON.stringify([node_id, data['visit']]))
  expect(new Set(keys).size).toBe(keys.length)
}

describe('the guard alarm', () => {
  it('is set while something is performed, and far away when all is delivered', async () => {
    const key = newId()
    const id = await startHeld(key)
    const alarm = await alarmOf(id)
    expect(alarm).not.toBeNull()
    expect(alarm ?? 0).toBeLessThanOrEqual(Date.now() + GUARD_MS)
    await release(key)
    await statusOf(id).toBe('completed')
    await expect.poll(() => isAtRest(id)).toBe(true)
  })

  it('performs again what a crash interrupted: same key, same attempt (I5, P6)', async () => {
    const key = newId()
    const id = await startHeld(key)
    await abortAllDurableObjects()
    expect(await runDurableObjectAlarm(actorOf(id))).toBe(true)
    await arrived(key, 2)
    await release(key)
    await statusOf(id).toBe('completed')
    const [first, second] = (await requestsOf(key)).map(({ headers }) => headers['idempotency-key'])
    expect([first, second]).toEqual([`${id}/call/1/1`, `${id}/call/1/1`])
    expect(await ana.visits(id)).toMatchObject([{}, { node_id: 'call', attempts: 1, error: null }, {}])
    await expectSoundEvents(id)
  })

  it('rings by itself after a crash', { timeout: 20_000 }, async () => {
    const key = newId()
    const id = await startHeld(key)
    await release(key)
    const before = (await requestsOf(key)).length
    await abortAllDurableObjects()
    await expect
      .poll(async () => (await ana.call('/executions?status=completed')).body, { timeout: 15_000 })
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect((await requestsOf(key)).length).toBeLessThanOrEqual(before + 1)
    await expectSoundEvents(id)
  })

  it('rings early, twice and late without changing anything', async () => {
    const key = newId()
    const id = await startHeld(key)
    const before = await ana.events(id)
    for (let ring = 0; ring < 3; ring += 1) expect(await runDurableObjectAlarm(actorOf(id))).toBe(true)
    expect(await ana.events(id)).toEqual(before)
    expect(await requestsOf(key)).toHaveLength(1)
    await release(key)
    await statusOf(id).toBe('completed')
    await runDurableObjectAlarm(actorOf(id))
    await expectSoundEvents(id)
  })
})

describe('an actor whose write fails', () => {
  it('is thrown away and goes on from what is stored', { timeout: 20_000 }, async () => {
    const key = newId()
    const id = await startHeld(key)
    await runInDurableObject(actorOf(id), (_, state) => {
      vi.spyOn(state.storage, 'transactionSync').mockImplementation(() => {
        throw new Error('the disk is full')
      })
    })
    await release(key)
    await expect.poll(() => runDurableObjectAlarm(actorOf(id)).catch(() => false)).toBe(true)
    await statusOf(id).toBe('completed')
    expect(await requestsOf(key)).toHaveLength(2)
    await expectSoundEvents(id)
  })
})

describe('an alarm that fails', () => {
  it('is not the last one (P5)', { timeout: 30_000 }, async () => {
    const key = newId()
    const data = { retry: { backoff_ms: 600 } }
    const id = await ana.start(chain([trigger, httpNode('call', `${HTTP_URL}/script/${key}?answers=503,200`, data)]))
    await expect.poll(async () => (await ana.visits(id))[1]?.status).toBe('retrying')
    await runInDurableObject(actorOf(id), (_, state) => {
      vi.spyOn(state.storage, 'transactionSync').mockImplementation(() => {
        throw new Error('the disk is full')
      })
    })
    await expect
      .poll(async () => (await ana.call('/executions?status=completed')).body, { timeout: 25_000 })
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect(await requestsOf(key)).toHaveLength(2)
    await expectSoundEvents(id)
  })
})

describe('retries', () => {
  it('wait in the alarm alone: an evicted run takes its next attempt', async () => {
    const key = newId()
    const data = { retry: { backoff_ms: 400 } }
    const id = await ana.start(chain([trigger, httpNode('call', `${HTTP_URL}/script/${key}?answers=503,200`, data)]))
    await statusOf(id).toBe('running')
    await expect.poll(async () => (await ana.visits(id))[1]?.status).toBe('retrying')
    await evictDurableObject(actorOf(id))
    await statusOf(id).toBe('completed')
    expect(await ana.visits(id)).toMatchObject([{}, { attempts: 2, status: 'completed' }])
    const keys = (await requestsOf(key)).map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys)).toEqual(new Set([`${id}/call/1/1`]))
    await expectSoundEvents(id)
  })

  it('end, and the branch for errors takes the error', async () => {
    const key = newId()
    const data = { retry: { max_attempts: 2, backoff_ms: 1 }, on_error: 'branch' }
    const call = httpNode('call', `${HTTP_URL}/script/${key}?answers=500`, data)
    const nodes = [trigger, call, setNode('well', {}), setNode('badly', { status: '{{ $input.status }}' })]
    const execution = await ana.run(graph(nodes, ['start -> call', 'call -> well', 'call:error -> badly']))
    expect(execution).toMatchObject({ status: 'completed', output: { status: 500 } })
    expect(await requestsOf(key)).toHaveLength(2)
  })
})

describe('time limits', () => {
  it('end an execution', async () => {
    const key = newId()
    const id = await startHeld(key, { timeout_ms: 700 })
    await statusOf(id).toBe('timeout')
    expect(await ana.execution(id)).toMatchObject({ error: { code: 'execution_timeout' }, output: null })
    expect(await ana.visits(id)).toMatchObject([{}, { status: 'cancelled' }])
    await release(key)
    await expectSoundEvents(id)
  })

  it('end an execution that was evicted before', async () => {
    const data = { retry: { backoff_ms: 60_000 } }
    const call = httpNode('call', `${HTTP_URL}/script/${newId()}?answers=503`, data)
    const id = await ana.start(chain([trigger, call], { timeout_ms: 800 }))
    await expect.poll(async () => (await ana.visits(id))[1]?.status).toBe('retrying')
    await evictDurableObject(actorOf(id))
    await expect
      .poll(async () => (await ana.call('/executions?status=timeout')).body, { timeout: 5_000 })
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
  })

  it('end a node, which is tried again', async () => {
    const key = newId()
    const data = { timeout_ms: 150, retry: { max_attempts: 2, backoff_ms: 1 } }
    const execution = await ana.run(chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`, data)]))
    expect(execution.status).toBe('failed')
    expect(execution.error?.code).toMatch(/timeout/)
    expect(await ana.visits(execution.id)).toMatchObject([{}, { status: 'failed', attempts: 2 }])
    await release(key)
  })
})

describe('while PostgreSQL refuses the projection (P10)', () => {
  const name = `refuse_${newId().slice(-12)}`
  const db = connect(env)
  const table = sql.raw(`"${readConfig(env).DATABASE_SCHEMA}".executions`)

  async function refuse(workflowId: string): Promise<() => Promise<unknown>> {
    await db.execute(sql`create function ${sql.raw(name)}() returns trigger language plpgsql as
      $$ begin raise exception 'refused'; end $$`)
    await db.execute(sql`create trigger ${sql.raw(name)} before insert on ${table}
      for each row when (new.workflow_id = ${sql.raw(`'${workflowId}'`)}) execute function ${sql.raw(name)}()`)
    return () => db.execute(sql`drop function ${sql.raw(name)} cascade`)
  }

  it('a run goes on to its end, and its projection lands later', { timeout: 20_000 }, async () => {
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, setNode('end', { ok: true })]))
    const accept = await refuse(workflowId)
    const { body } = await ana.call(`/workflows/${workflowId}/execute?wait=5`, { method: 'POST' })
    const { id } = body as { id: string }
    expect(body).toMatchObject({ status: 'completed', output: { ok: true } })
    const list = async () => (await ana.call(`/executions?workflow_id=${workflowId}`)).body
    await expect.poll(() => alarmOf(id)).not.toBeNull()
    expect(await list()).toMatchObject({ total: 0 })
    expect(await ana.execution(id)).toMatchObject({ status: 'completed' })
    expect(await ana.visits(id)).toHaveLength(2)
    await evictDurableObject(actorOf(id))
    await accept()
    await expect.poll(list, { timeout: 15_000 }).toMatchObject({ items: [{ id, status: 'completed' }] })
    await expect.poll(() => isAtRest(id)).toBe(true)
  })
})
