/** The `agent` node: a whole turn within a visit. */
import { beforeAll, describe, expect, it } from 'vitest'
import { Agent } from '#core/agent/agent'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const create = async (body: object) =>
  Agent.parse((await ana.call('/agents', { json: { name: 'Teste', ...body } })).body)
const ask = (agent_id: string, more: JsonObject = {}, data: JsonObject = {}) =>
  chain([
    trigger,
    { id: 'ask', type: 'agent', data: { config: { agent_id, prompt: 'Oi {{ $trigger.name }}', ...more }, ...data } },
  ])
const once = { retry: { max_attempts: 1 } }

describe('the agent node', () => {
  it("runs the agent's tools, sums up what it took, and shows the text as it comes", async () => {
    const key = newId()
    const config = { url: `${HTTP_URL}/echo/${key}` }
    const model = await scriptModel(
      { kind: 'tools', text: 'Vou ver.', calls: [{ id: 'c', name: 'http_request', input: { path: 'x' } }] },
      { kind: 'text', text: 'Chegou hoje.' },
    )
    const tools = [{ type: 'http_request', config }]
    const agent = await create({ model: model.reference, tools, instructions: 'Para {{ $input.shop }}.' })
    const id = await ana.start(ask(agent.id, { inputs: { shop: 'Padaria' } }), { name: 'Rui' })
    await expect.poll(async () => (await ana.execution(id)).status, { timeout: 15_000 }).toBe('completed')
    expect((await ana.execution(id)).output).toEqual({
      text: 'Chegou hoje.',
      usage: { input_tokens: 14, output_tokens: 10, total_tokens: 24 },
      cost: expect.closeTo(2 * (7 * 2 + 5 * 8) * 1e-6, 10),
      finish_reason: 'stop',
      model: model.reference,
    })
    const [request] = await model.requests()
    expect(request?.body.messages).toEqual([
      { role: 'system', content: 'Para Padaria.' },
      { role: 'user', content: 'Oi Rui' },
    ])
    const [called] = await requestsOf(key)
    expect(called?.headers['idempotency-key']).toMatch(new RegExp(`^${id}/ask/1/[0-9a-f]{32}/1$`))
    const shown = (await ana.events(id)).filter(({ event_type }) => event_type === 'node_progress')
    expect(JSON.stringify(shown)).toContain('Chegou')
  })

  it('does again what it did with the same key, also when the model calls it by another name', async () => {
    const key = newId()
    const calls = (id: string) => [{ id, name: 'http_request', input: { path: 'x' } }]
    const model = await scriptModel(
      { kind: 'tools', calls: calls('first') },
      { kind: 'error', status: 400 },
      { kind: 'tools', calls: [{ id: 'other', name: 'current_time', input: {} }, ...calls('second')] },
      { kind: 'text', text: 'pronto' },
    )
    const tools = [{ type: 'http_request', config: { url: `${HTTP_URL}/echo/${key}` } }, { type: 'current_time' }]
    const agent = await create({ model: model.reference, tools })
    const failed = await ana.run(ask(agent.id, {}, once))
    expect(failed.status).toBe('failed')
    const retried = await ana.call(`/executions/${failed.id}/retry`, { json: {} })
    expect(retried.status).toBeLessThan(300)
    await expect.poll(async () => (await requestsOf(key)).length).toBe(2)
    const sent = (await requestsOf(key)).map(({ headers }) => String(headers['idempotency-key']).split('/').slice(1))
    expect(sent[0]).toEqual(sent[1])
  })

  it('gives an object that follows the schema, asked for once more where it does not', async () => {
    const model = await scriptModel({ kind: 'text', text: 'nada' }, { kind: 'text', text: '{"total":7}' })
    const output_schema = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] }
    const agent = await create({ model: model.reference, output_schema })
    const { output } = await ana.run(ask(agent.id))
    expect(output).toMatchObject({ object: { total: 7 }, usage: { total_tokens: 24 } })
  })

  it('is refused before it begins where the agent may ask a person, is inactive, or has spent its month', async () => {
    const model = await scriptModel({ kind: 'text', text: 'x' })
    const asking = await create({ model: model.reference, name: 'Perguntador', tools: [{ type: 'ask_person' }] })
    expect((await ana.run(ask(asking.id, {}, once))).error).toMatchObject({
      code: 'agent_needs_person',
      message: expect.stringContaining('Perguntador'),
    })
    expect(await model.requests()).toEqual([])
    const agent = await create({ model: model.reference, limits: { max_cost_per_month: 0.000_001 } })
    const graph = ask(agent.id, {}, once)
    expect((await ana.run(graph)).status).toBe('completed')
    const spent = async () => (await ana.run(graph)).error?.code
    await expect.poll(spent).toBe('agent_budget_reached')
    await ana.call(`/agents/${agent.id}/deactivate`, { method: 'POST' })
    expect((await ana.run(graph)).error).toMatchObject({ code: 'agent_inactive', message_en: expect.any(String) })
  })

  it("says whose model refused, and ends a tool's endless turn", async () => {
    const refusing = await scriptModel({ kind: 'error', status: 401 })
    const agent = await create({ model: refusing.reference })
    expect((await ana.run(ask(agent.id, {}, once))).error?.code).toMatch(/^model_/)
    const endless = await scriptModel({ kind: 'tools', calls: [{ id: 'c', name: 'current_time', input: {} }] })
    const limits = { max_steps: 3 }
    const other = await create({ model: endless.reference, tools: [{ type: 'current_time' }], limits })
    expect((await ana.run(ask(other.id))).output).toMatchObject({ finish_reason: 'max_steps' })
    expect(await endless.requests()).toHaveLength(3)
  })

  it('ends an agent that runs the workflow that it stands in', async () => {
    const { id } = await ana.createWorkflow(chain([trigger]))
    const model = await scriptModel({ kind: 'tools', calls: [{ id: 'c', name: 'run_workflow', input: {} }] })
    const tools = [{ type: 'run_workflow', config: { workflow_id: id } }]
    const agent = await create({ model: model.reference, tools, limits: { max_steps: 1 } })
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition: ask(agent.id) } })
    expect((await ana.call(`/workflows/${id}/publish`, { json: {} })).status).toBe(200)
    const run = await ana.call(`/workflows/${id}/execute?wait=30`, { json: {} })
    expect(run.body).toMatchObject({ status: 'completed', output: { finish_reason: 'max_steps' } })
    expect(await model.requests()).toHaveLength(5)
  })

  it("of another workspace's agent is told by validate and refused by publish and run", async () => {
    const eva = await createAccount()
    const { id: foreign } = Agent.parse((await eva.call('/agents', { json: { name: 'De Eva' } })).body)
    const { id } = await ana.createWorkflow(ask(foreign))
    const validation = await ana.call(`/workflows/${id}/validate`, { method: 'POST' })
    expect(validation.body).toMatchObject({ valid: false, problems: [{ code: 'unknown_agent', node_id: 'ask' }] })
    expect(problemOf(await ana.call(`/workflows/${id}/publish`, { json: {} }))).toMatchObject({ status: 422 })
    const hidden = ask('{{ $trigger.agent }}')
    const { id: late } = await ana.createWorkflow(hidden)
    const run = await ana.call(`/workflows/${late}/execute?wait=10`, { json: { inputs: { agent: foreign } } })
    expect(run.body).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  })
})
