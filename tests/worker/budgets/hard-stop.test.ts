/** Where a budget with `hard_stop` is spent, no model is asked: in chats, nodes, agents and over both APIs. */
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
import { createAgentChat, createTalker } from '#tests/worker/chats/support'
import { post } from '#tests/worker/events/support'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { hit } from '#tests/worker/security/hit'
import { chain, type NodeSpec, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'
import { createBudget, db, entry, patch, read, spend } from './support.ts'

/** Two US dollars. */
const DEAR = { prompt_tokens: 1_000_000, completion_tokens: 0 }
const Made = z.object({ id: z.string() })

beforeAll(async () => {
  await hit('/')
})

async function agentOf(who: Caller, model: string, more: object = {}): Promise<string> {
  return Made.parse((await post(who, '/api/v1/agents', { name: 'Caro', model, ...more })).body).id
}

const ask = (who: Caller, model: string, more: object = {}) =>
  post(who, '/api/v1/llm/chat', { model, prompt: 'hi', ...more })

const complete = (who: Caller, model: string) =>
  post(who, '/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hi' }] })

/** Runs a new workflow of one node that asks to its end. */
async function run(who: Caller, node: Pick<NodeSpec, 'type' | 'config'>) {
  const asking = { id: 'ask', data: { retry: { max_attempts: 2, backoff_ms: 1 } }, ...node }
  const { id } = Made.parse(
    (await post(who, '/api/v1/workflows', { name: 'W', definition: chain([trigger, asking]) })).body,
  )
  const ended = await post(who, `/api/v1/workflows/${id}/execute?wait=15`, {})
  return { workflow: id, ...z.looseObject({ status: z.string(), error: z.unknown() }).parse(ended.body) }
}

describe('a budget that is spent', () => {
  test('of the workspace stops everything at once, and says which and until when', async () => {
    const ana = await createTalker()
    const model = await scriptModel({ kind: 'text', text: 'ok', usage: DEAR })
    const agent = await agentOf(ana, model.reference)
    const budget = await createBudget(ana, { name: 'Teto', limit: 2, hard_stop: true })
    expect((await ask(ana, model.reference)).status).toBe(200)
    expect((await read(ana, budget)).current).toMatchObject({ spent: 2, stopped: true })

    const answer = await ask(ana, model.reference)
    const detail = `O orçamento "Teto" já gastou os seus US$ 2: nenhum modelo que ele cobre é chamado antes de ${budget.current.to}.`
    expect(answer).toMatchObject({ status: 409, body: { code: 'budget_exceeded', detail } })
    expect(await ask(ana, model.reference, { stream: true })).toMatchObject({
      status: 409,
      body: { code: 'budget_exceeded' },
    })
    expect(await complete(ana, agent)).toMatchObject({ status: 409, body: { error: { code: 'insufficient_quota' } } })
    const figures = await hit('/metrics', { headers: { Authorization: 'Bearer metrics-only-for-tests' } })
    expect(figures.text).toContain('synapscale_model_calls_total{provider="scripted",outcome="refused"}')
    const chat = await createAgentChat(ana, { model: model.reference })
    expect(await chat.ask('oi')).toMatchObject({
      status: 'failed',
      error: { code: 'budget_exceeded', message: detail },
    })
    const failure = { status: 'failed', error: { code: 'budget_exceeded' } }
    const config = { model: model.reference, prompt: 'hi' }
    expect(await run(ana, { type: 'llm', config })).toMatchObject(failure)
    expect(await run(ana, { type: 'agent', config: { agent_id: agent, prompt: 'hi' } })).toMatchObject(failure)
    expect(await model.requests()).toHaveLength(1)

    // More money, and it goes on.
    await patch(ana, budget, { limit: 4.5 })
    expect((await ask(ana, model.reference)).status).toBe(200)
    expect((await complete(ana, agent)).status).toBe(200)
    expect((await complete(ana, agent)).status).toBe(409)
    await patch(ana, budget, { hard_stop: false })
    expect((await complete(ana, agent)).status).toBe(200)
  })

  test('of an agent, workflow or member stops that one alone', async () => {
    const ana = await createPerson()
    const model = await scriptModel({ kind: 'text', text: 'ok', usage: DEAR })
    const [dear, other] = [await agentOf(ana, model.reference), await agentOf(ana, model.reference, { name: 'Outro' })]
    const stop = { limit: 1, hard_stop: true }
    await createBudget(ana, { ...stop, scope: 'agent', target: dear })
    expect((await complete(ana, dear)).status).toBe(200)
    expect((await complete(ana, dear)).status).toBe(409)
    expect((await complete(ana, other)).status).toBe(200)
    const config = { model: model.reference, prompt: 'hi' }
    const first = await run(ana, { type: 'llm', config })
    expect(first.status).toBe('completed')
    const budget = await createBudget(ana, { ...stop, scope: 'workflow', target: first.workflow })
    await expect.poll(async () => (await patch(ana, budget, {})).current.spent).toBe(2)
    const again = await post(ana, `/api/v1/workflows/${first.workflow}/execute?wait=15`, {})
    expect(again.body).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } })
    expect((await run(ana, { type: 'llm', config })).status).toBe('completed')
    const usage = await ana.call('/api/v1/analytics/usage?group_by=workflow')
    expect(JSON.parse(usage.text).items).toContainEqual(
      expect.objectContaining({ key: first.workflow, name: 'W', cost: 2 }),
    )
    await createBudget(ana, { ...stop, scope: 'user', target: ana.userId })
    expect((await ask(ana, model.reference)).status).toBe(409)
  })

  test('of a model leaves its work to the fallback', async () => {
    const ana = await createPerson()
    const [dear, cheap] = await Promise.all([
      scriptModel({ kind: 'text', text: 'dear', usage: DEAR }),
      scriptModel({ kind: 'text', text: 'cheap' }),
    ])
    await createBudget(ana, { limit: 1, hard_stop: true, scope: 'model', target: dear.reference })
    const more = { fallback_models: [cheap.reference] }
    expect((await ask(ana, dear.reference, more)).body).toMatchObject({ text: 'dear' })
    expect((await ask(ana, dear.reference, more)).body).toMatchObject({ text: 'cheap' })
    expect((await ask(ana, dear.reference)).body).toMatchObject({ code: 'budget_exceeded' })
    expect((await ask(ana, cheap.reference)).status).toBe(200)
  })

  test('stops a turn between two of its answers, before the ledger has them', async () => {
    const ana = await createTalker()
    const call = { id: 'c1', name: 'current_time', input: {} }
    const model = await scriptModel(
      { kind: 'tools', calls: [call], usage: DEAR },
      { kind: 'text', text: 'never', usage: DEAR },
    )
    await createBudget(ana, { limit: 2, hard_stop: true })
    const chat = await createAgentChat(ana, { model: model.reference, tools: [{ type: 'current_time' }] })
    expect(await chat.ask('que horas são?')).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } })
    expect(await model.requests()).toHaveLength(1)
  })

  test('lets through again when its period is over', async () => {
    const ana = await createPerson()
    const model = await scriptModel({ kind: 'text', text: 'ok' })
    const budget = await createBudget(ana, { limit: 1, hard_stop: true, period: 'day' })
    await spend(ana, entry(3))
    expect((await ask(ana, model.reference)).status).toBe(409)
    const { budgetPeriods: periods } = db.tables
    const yesterday = new Date(Date.parse(budget.current.from) - 24 * 60 * 60 * 1000)
    await db.update(periods).set({ started_at: yesterday }).where(eq(periods.budget_id, budget.id))
    expect((await ask(ana, model.reference)).status).toBe(200)
  })
})

test('a workspace without budgets asks for them once a turn, and its calls write as often as before', async () => {
  const ana = await createPerson()
  const model = await scriptModel({ kind: 'text', text: 'ok' })
  await ask(ana, model.reference)
  const asked = vi.spyOn(PostgresPool.prototype, 'run')
  await ask(ana, model.reference)
  const own = asked.mock.calls.filter(([statements]) =>
    statements.some(({ params }) => params.includes(ana.workspaceId)),
  )
  const about = (table: string) =>
    own.filter(([statements]) => statements.some(({ sql }) => sql.includes(`"${table}"`)))
  expect(about('usage_ledger')).toHaveLength(1)
  // Whether it may be asked, and with the ledger's row.
  expect(about('budgets')).toHaveLength(2)
  vi.restoreAllMocks()
})
