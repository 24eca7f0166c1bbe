import { env, exports } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { LlmAnswer, LlmStreamEvent } from '#core/llm/chat-input'
import { ModelView, ProviderView } from '#core/llm/provider-view'
import { UsageReport } from '#core/usage/usage-report'
import { connect } from '#db/connect'
import { z } from 'zod'
import { pageOf } from '#tests/worker/support/api'
import { scriptModel } from '#tests/worker/support/models'
import { type Caller, createTeam, type Team } from '#tests/worker/security/people'

let team: Team
let ana: Caller
beforeAll(async () => {
  team = await createTeam()
  ana = team.members.editor
})

async function read<T>(caller: Caller, schema: z.ZodType<T>, path: string): Promise<T> {
  const answer = await caller.call(`/api/v1${path}`)
  if (answer.status !== 200) throw new Error(answer.text)
  return schema.parse(JSON.parse(answer.text))
}

/** Not by the suite's own call, for which any 5xx is a mistake of ours. */
async function ask(body: Record<string, unknown>, caller = ana) {
  const response = await exports.default.fetch(requestOf(body, caller))
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function requestOf(body: Record<string, unknown>, caller: Caller): Request {
  return new Request('http://synapscale.test/api/v1/llm/chat', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${caller.token}`,
      'X-Workspace-Id': caller.workspaceId,
      'Accept-Language': 'en',
    },
    body: JSON.stringify(body),
  })
}

async function ledger() {
  const db = connect(env)
  const { usageLedger } = db.tables
  return db.select().from(usageLedger).where(eq(usageLedger.workspace_id, team.workspaceId))
}

function eventsOf(text: string): LlmStreamEvent[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => LlmStreamEvent.parse(JSON.parse(line.slice('data: '.length))))
}

describe('what there is', () => {
  it('providers say whose key is sent; a secret of that name makes one usable', async () => {
    const Providers = z.object({ items: z.array(ProviderView) })
    const owner = await createTeam()
    const find = async (id: string) =>
      (await read(owner.members.owner, Providers, '/llm/providers')).items.find((one) => one.id === id)
    expect(await find('demo')).toMatchObject({ usable: true, key: null })
    expect(await find('scripted')).toMatchObject({ usable: true, key: 'installation' })
    expect(await find('groq')).toEqual({
      id: 'groq',
      wire: 'compatible',
      usable: false,
      key: null,
      key_name: 'GROQ_API_KEY',
    })
    const secret = { key: 'GROQ_API_KEY', value: 'gsk-long-enough', secret: true }
    await owner.members.owner.call('/api/v1/variables', { method: 'POST', body: secret })
    expect(await find('groq')).toMatchObject({ usable: true, key: 'workspace' })
    const ours = await read(ana, Providers, '/llm/providers')
    expect(ours.items.find(({ id }) => id === 'groq')).toMatchObject({ usable: false })
    expect(JSON.stringify(ours)).not.toContain('sk-scripted')
  })

  it('models by what they can, with prices that say from when they are', async () => {
    const Models = pageOf(ModelView)
    const { items } = await read(ana, Models, '/llm/models?provider=anthropic&ability=pdf')
    expect(items.length).toBeGreaterThan(2)
    expect(items[0]).toMatchObject({ provider: 'anthropic', usable: false, prices_as_of: '2025-12-01' })
    const usable = await read(ana, Models, '/llm/models?usable=true&size=100')
    expect(usable.items.map(({ id }) => id)).toEqual([
      'demo/echo',
      'scripted/priced',
      'scripted-anthropic/priced',
      'scripted-google/priced',
    ])
    expect(usable.items[1]).toMatchObject({ prices: { input: 2, output: 8 }, prices_as_of: null })
  })
})

describe('one question', () => {
  it('is answered, and paid for at once', async () => {
    const model = await scriptModel({
      kind: 'text',
      text: 'Hello.',
      usage: { prompt_tokens: 100, completion_tokens: 10 },
    })
    const answer = await ask({ model: model.reference, system: 'Be kind.', prompt: 'hi' })
    expect(answer.status).toBe(200)
    expect(LlmAnswer.parse(JSON.parse(answer.text))).toEqual({
      text: 'Hello.',
      usage: { input_tokens: 100, output_tokens: 10, total_tokens: 110 },
      cost: 0.00028,
      finish_reason: 'stop',
      model: model.reference,
    })
    const rows = (await ledger()).filter((row) => row.model === model.reference)
    expect(rows).toMatchObject([
      { source: 'api', user_id: ana.userId, cost: 0.00028, input_tokens: 100, output_tokens: 10 },
    ])
  })

  it('with a schema is checked, and asked once more', async () => {
    const model = await scriptModel(
      { kind: 'text', text: 'Recife!' },
      { kind: 'text', text: '```json\n{"city":"Recife"}\n```' },
    )
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    const answer = await ask({ model: model.anthropic, prompt: 'where?', schema })
    expect(JSON.parse(answer.text)).toMatchObject({ object: { city: 'Recife' }, usage: { total_tokens: 24 } })
    const [, second] = await model.requests()
    expect(JSON.stringify(second?.body.messages)).toContain('does not follow the JSON Schema')
    expect((await ledger()).filter((row) => row.model === model.anthropic).length).toBe(2)
  })

  it.each(['reference', 'anthropic', 'google'] as const)('streams (%s)', async (wire) => {
    const model = await scriptModel({ kind: 'text', text: 'one two three' })
    const answer = await ask({ model: model[wire], prompt: 'count', stream: true })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const events = eventsOf(answer.text)
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('')).toBe('one two three')
    expect(events.at(-1)).toMatchObject({ type: 'finish', finish_reason: 'stop', usage: { total_tokens: 12 } })
    expect((await ledger()).filter((row) => row.model === model[wire]).length).toBe(1)
  })

  it('that cannot begin is an error in the language asked for, with the provider’s name and no key', async () => {
    const model = await scriptModel({ kind: 'error', status: 401, message: 'bad key sk-scripted-installation' })
    for (const stream of [false, true]) {
      const answer = await ask({ model: model.reference, prompt: 'hi', stream })
      expect(answer.status).toBe(422)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'model_refused' })
      expect(answer.text).toContain('scripted refused the request')
      expect(answer.text).not.toContain('sk-scripted-installation')
    }
    expect((await ask({ model: 'openai/gpt-5', prompt: 'hi' })).text).toContain('OPENAI_API_KEY')
  })

  it.each([
    [{ kind: 'cut', after: 'half' }, 'model_unavailable'],
    [{ kind: 'stall', text: 'one two three four' }, 'model_timeout'],
    [{ kind: 'broken', message: 'too much' }, 'model_unavailable'],
  ] as const)('that breaks off ends with an error event: %j', async (reply, code) => {
    const model = await scriptModel(reply)
    const events = eventsOf((await ask({ model: model.reference, prompt: 'hi', stream: true })).text)
    expect(events[0]).toMatchObject({ type: 'text' })
    expect(events.at(-1)).toMatchObject({ type: 'error', code })
  })

  it('whose client leaves stops the model', async () => {
    const model = await scriptModel({ kind: 'hold', text: 'one two three four' })
    const response = await exports.default.fetch(requestOf({ model: model.reference, prompt: 'hi', stream: true }, ana))
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('one')
    await reader?.cancel()
    await model.clientGone()
  })

  it('is asked with the workspace’s own key, which leaves for its hosts alone', async () => {
    const { members, workspaceId } = await createTeam()
    const model = await scriptModel(
      { kind: 'error', status: 400, message: 'I was told sk-own-key-of-theirs' },
      { kind: 'text', text: 'ok' },
    )
    const secret = { key: 'SCRIPTED_API_KEY', value: 'sk-own-key-of-theirs', secret: true, hosts: ['127.0.0.1'] }
    const made = await members.owner.call('/api/v1/variables', { method: 'POST', body: secret })
    expect(made.status).toBe(201)
    const refused = await ask({ model: model.reference, prompt: 'hi' }, members.editor)
    expect(refused.text).toContain('I was told ***')
    expect(refused.text).not.toContain('sk-own')
    expect((await ask({ model: model.reference, prompt: 'hi' }, members.editor)).status).toBe(200)
    expect((await model.requests()).map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer sk-own-key-of-theirs',
      'Bearer sk-own-key-of-theirs',
    ])
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(made.text))
    await members.owner.call(`/api/v1/variables/${id}`, {
      method: 'PATCH',
      body: { value: 'sk-another-key', hosts: ['api.openai.com'] },
    })
    const elsewhere = await ask({ model: model.reference, prompt: 'hi' }, members.editor)
    expect(elsewhere.status).toBe(503)
    expect(elsewhere.text).toContain('SCRIPTED_API_KEY')
    expect((await model.requests()).length).toBe(2)
    expect(workspaceId).not.toBe(team.workspaceId)
  })
})

it('usage is told by model, user and day, and of this workspace alone', async () => {
  const { members, stranger } = await createTeam()
  const model = await scriptModel({ kind: 'text', text: 'ok', usage: { prompt_tokens: 1_000, completion_tokens: 500 } })
  const from = new Date(Date.now() - 1_000).toISOString()
  for (const caller of [members.editor, members.editor, members.owner])
    await ask({ model: model.reference, prompt: 'hi' }, caller)
  await ask({ model: 'demo/echo', prompt: 'hi' }, members.owner)
  const byUser = await read(members.viewer, UsageReport, `/analytics/usage?group_by=user&from=${from}`)
  expect(byUser.total).toMatchObject({ calls: 4, cost: 0.018, unpriced_calls: 0 })
  expect(byUser.items.map(({ key, calls }) => [key, calls])).toEqual([
    [members.editor.userId, 2],
    [members.owner.userId, 2],
  ])
  const byModel = await read(members.viewer, UsageReport, `/analytics/usage?from=${from}`)
  expect(byModel.items.map(({ key, total_tokens }) => [key, total_tokens])[0]).toEqual([model.reference, 4_500])
  const byDay = await read(members.viewer, UsageReport, `/analytics/usage?group_by=day&from=${from}`)
  expect(byDay.items.map(({ key }) => key)).toEqual([new Date().toISOString().slice(0, 10)])
  expect((await read(members.viewer, UsageReport, `/analytics/usage?source=chat`)).total.calls).toBe(0)
  expect((await read(stranger, UsageReport, '/analytics/usage')).total.calls).toBe(0)
})
