import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { connect } from '#db/connect'
import { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
})
afterEach(() => {
  vi.restoreAllMocks()
})

async function ledgerOf(executionId: string) {
  const db = connect(env)
  const { usageLedger: ledger } = db.tables
  return db
    .select()
    .from(ledger)
    .where(and(eq(ledger.execution_id, executionId)))
}

it('what the models of a run took stands in the ledger, also of an attempt whose answer was of no use', async () => {
  const model = await scriptModel(
    { kind: 'text', text: 'no json' },
    { kind: 'text', text: 'nor this', usage: { prompt_tokens: 1_000, completion_tokens: 100 } },
    { kind: 'text', text: '{"city":"Recife"}', usage: { prompt_tokens: 2_000, completion_tokens: 200 } },
  )
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const config = { model: model.reference, prompt: 'Where?', schema }
  const run = await ana.run(
    chain([trigger, { id: 'ask', type: 'llm', config, data: { retry: { max_attempts: 2, backoff_ms: 1 } } }]),
  )
  expect(run).toMatchObject({ status: 'completed', output: { object: { city: 'Recife' } } })
  await expect.poll(async () => (await ledgerOf(run.id)).length).toBe(3)
  const rows = await ledgerOf(run.id)
  expect(rows.map(({ cost }) => cost ?? 0).toSorted((a, b) => a - b)).toEqual([
    (7 * 2 + 5 * 8) / 1_000_000,
    (1_000 * 2 + 100 * 8) / 1_000_000,
    (2_000 * 2 + 200 * 8) / 1_000_000,
  ])
  expect(rows[0]).toMatchObject({
    source: 'execution',
    node_id: 'ask',
    provider: 'scripted',
    model: model.reference,
    agent_id: null,
  })
})

it('PostgreSQL away and the actor evicted: the run goes on, and is paid for once when it is back', async () => {
  const model = await scriptModel({ kind: 'text', text: 'ok' })
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { run } = PostgresPool.prototype
  let isAway = true
  let writes = 0
  vi.spyOn(PostgresPool.prototype, 'run').mockImplementation(async function (this: PostgresPool, statements) {
    const isLedger = statements.some(({ sql }) => sql.includes('insert into') && sql.includes('"usage_ledger"'))
    if (isLedger) writes += 1
    if (isLedger && isAway) return { ok: false, error: { kind: 'unavailable', message: 'away' } }
    const reply = await run.call(this, statements)
    // Written, and the answer is lost on its way.
    return isLedger && writes < 4 ? { ok: false, error: { kind: 'unavailable', message: 'cut' } } : reply
  })
  const ask = { id: 'ask', type: 'llm', config: { model: model.reference, prompt: 'hi' } }
  const done = await ana.run(chain([trigger, ask]))
  expect(done).toMatchObject({ status: 'completed', output: { cost: 0.000054 } })
  await expect.poll(() => writes).toBeGreaterThan(0)
  expect(await ledgerOf(done.id)).toEqual([])
  isAway = false
  await evictDurableObject(actorOf(done.id))
  await expect
    .poll(
      async () => {
        await runDurableObjectAlarm(actorOf(done.id))
        return writes
      },
      { timeout: 20_000, interval: 300 },
    )
    .toBeGreaterThanOrEqual(4)
  await expect.poll(async () => (await ledgerOf(done.id)).length).toBe(1)
  expect((await model.requests()).length).toBe(1)
})
