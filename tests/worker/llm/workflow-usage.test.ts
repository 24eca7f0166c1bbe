import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { connect } from '#db/connect'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
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
