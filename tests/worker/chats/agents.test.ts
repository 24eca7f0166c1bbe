/** What an agent's settings mean in a chat: its schema, its month, and whose what other agents take is. */
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '#lib/ids'
import type { Caller } from '#tests/worker/security/people'
import { scriptModel } from '#tests/worker/support/models'
import { createAgentChat, createChat, createTalker, isAnswer } from './support.ts'

let ana: Caller
beforeAll(async () => {
  ana = await createTalker()
})

async function agentOf(body: object): Promise<string> {
  const made = await ana.call('/api/v1/agents', { method: 'POST', body: { name: newId(), ...body } })
  return z.object({ id: z.string() }).parse(JSON.parse(made.text)).id
}

const Report = z.object({
  items: z.array(z.object({ key: z.string().nullable(), calls: z.number(), cost: z.number() })),
})
async function costs(): Promise<Record<string, number>> {
  const answer = await ana.call('/api/v1/analytics/usage?group_by=agent')
  return Object.fromEntries(Report.parse(JSON.parse(answer.text)).items.map(({ key, calls }) => [String(key), calls]))
}

const SCHEMA = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] }

describe('an output schema in a chat', () => {
  it('has a wrong answer repaired once; the message holds the right one alone', async () => {
    const model = await scriptModel({ kind: 'text', text: 'são 42' }, { kind: 'text', text: '{"total":42}' })
    const chat = await createChat(ana, { agent_id: await agentOf({ model: model.reference, output_schema: SCHEMA }) })
    const socket = await chat.follow()
    const answer = await chat.ask('Quanto?')
    expect(answer).toMatchObject({ status: 'complete', content: '{"total":42}' })
    expect(answer.parts).toContainEqual(expect.objectContaining({ type: 'rejected', text: 'são 42' }))
    const [, again] = await model.requests()
    expect(JSON.stringify(again?.body.messages)).toContain('does not follow the JSON Schema')
    await socket.until(isAnswer)
    const deltas = socket.frames.filter(({ type }) => type === 'message_delta').map((frame) => frame['data'])
    expect(deltas).toContainEqual(
      expect.objectContaining({ delta: expect.objectContaining({ type: 'answer_rejected' }) }),
    )
  })

  it('fails the answer that is wrong twice, and asks no third time', async () => {
    const model = await scriptModel({ kind: 'text', text: 'são 42' })
    const chat = await createChat(ana, { agent_id: await agentOf({ model: model.reference, output_schema: SCHEMA }) })
    expect(await chat.ask('Quanto?')).toMatchObject({ status: 'failed', error: { code: 'model_answer_invalid' } })
    expect(await model.requests()).toHaveLength(2)
    expect(await chat.ask('E agora?')).toMatchObject({ status: 'failed' })
  })

  it('is repaired also where the agent has one step alone', async () => {
    const model = await scriptModel({ kind: 'text', text: 'x' }, { kind: 'text', text: '{"total":1}' })
    const limits = { max_steps: 1 }
    const chat = await createChat(ana, {
      agent_id: await agentOf({ model: model.reference, output_schema: SCHEMA, limits }),
    })
    expect(await chat.ask('Quanto?')).toMatchObject({ status: 'complete', content: '{"total":1}' })
  })
})

describe('what a chat costs', () => {
  it('counts for the agent that was asked, not for the one that asked it', async () => {
    const inner = await scriptModel({ kind: 'text', text: 'sei' })
    const innerId = await agentOf({ model: inner.reference })
    const call = { id: 'c1', name: 'ask_agent', input: { message: 'Sabe?' } }
    const outer = await scriptModel({ kind: 'tools', calls: [call] }, { kind: 'text', text: 'pronto' })
    const tools = [{ type: 'ask_agent', config: { agent_id: innerId } }]
    const outerId = await agentOf({ model: outer.reference, tools })
    const chat = await createChat(ana, { agent_id: outerId })
    const answer = await chat.ask('Pergunte')
    expect(answer.content).toBe('pronto')
    // The message says what the whole turn took.
    expect(answer.usage?.total_tokens).toBe(36)
    await expect.poll(costs).toMatchObject({ [innerId]: 1, [outerId]: 2 })
  })

  it('ends with what the month allows, in the middle of a turn and for the turns behind it', async () => {
    const call = (id: string) => ({ kind: 'tools' as const, calls: [{ id, name: 'current_time', input: {} }] })
    const model = await scriptModel(call('a'), call('b'), call('c'), { kind: 'text', text: 'pronto' })
    const limits = { max_cost_per_month: 0.0001 }
    const agent_id = await agentOf({ model: model.reference, tools: [{ type: 'current_time' }], limits })
    const chat = await createChat(ana, { agent_id })
    // An answer costs 7 * 2 + 5 * 8 millionths.
    const [first, second] = await Promise.all([chat.say('um'), chat.say('dois')])
    expect([first.role, second.role]).toEqual(['user', 'user'])
    await expect
      .poll(async () => (await chat.messages()).map(({ status }) => status))
      .toEqual(['complete', 'complete', 'complete', 'failed'])
    const [, , answer, refused] = await chat.messages()
    expect(answer?.end_reason ?? refused?.end_reason).toBe('max_cost')
    expect(JSON.stringify(await chat.messages())).toContain('agent_budget_reached')
    expect(await model.requests()).toHaveLength(2)
  })
})

it('chats that run at once overspend a month by no more than their calls under way', async () => {
  const usage = { prompt_tokens: 500_000, completion_tokens: 0 }
  const calls = [{ id: 'call_0', name: 'current_time', input: {} }]
  // Each answer costs a dollar, and asks for another one.
  const script = await scriptModel({ kind: 'tools', calls, usage })
  const { reference: model } = script
  const limits = { max_cost_per_month: 2.5 }
  const first = await createAgentChat(ana, { model, tools: [{ type: 'current_time' }], limits })
  const { agent_id } = await first.chat()
  const others = await Promise.all([1, 2, 3].map(() => createChat(ana, { agent_id })))
  const chats = [first, ...others]
  const answers = await Promise.all(chats.map((chat) => chat.ask('Que horas são?')))
  for (const { error, end_reason } of answers)
    expect(end_reason ?? error?.code).toMatch(/max_cost|agent_budget_reached/)
  // Without asking again each of them would have spent three.
  expect((await script.requests()).length).toBeLessThan(limits.max_cost_per_month + chats.length)
  expect((await first.ask('E agora?')).error?.code).toBe('agent_budget_reached')
})
