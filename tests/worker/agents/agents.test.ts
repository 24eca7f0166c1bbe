import { beforeAll, describe, expect, it, test } from 'vitest'
import { Agent, AgentVersion } from '#core/agent/agent'
import { newId } from '#lib/ids'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { hit } from '#tests/worker/security/hit'
import { pageOf } from '#tests/worker/support/api'

let ana: Caller
let eva: Caller

beforeAll(async () => {
  await hit('/')
  ana = await createPerson()
  eva = await createPerson()
})

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly errors?: { readonly pointer: string }[] }
}

async function ask(who: Caller, method: string, path: string, body?: object): Promise<Reply> {
  const answer = await who.call(`/api/v1/agents${path}`, { method, ...(body && { body: { ...body } }) })
  return { status: answer.status, body: answer.text === '' ? {} : JSON.parse(answer.text) }
}
const create = async (body: object, who = ana) => Agent.parse((await ask(who, 'POST', '', body)).body)
const pointersOf = ({ body }: Reply) => (body.errors ?? []).map(({ pointer }) => pointer)
const versionsOf = async (id: string) =>
  pageOf(AgentVersion).parse((await ask(ana, 'GET', `/${id}/versions`)).body).items

describe('an agent', () => {
  it('needs no more than a name: it answers with the model of the installation', async () => {
    const agent = await create({ name: 'Ajudante de Vendas' })
    expect(agent).toMatchObject({
      slug: 'ajudante-de-vendas',
      model: 'demo/echo',
      model_provider: 'demo',
      model_name: 'echo',
      status: 'active',
      version: 1,
      tools: [],
      memory: { messages: 50, summarize: false },
      limits: { max_steps: 10, max_cost_per_month: null },
    })
    expect((await create({ name: 'Ajudante de Vendas' })).slug).toBe('ajudante-de-vendas-2')
    expect((await ask(ana, 'GET', `/${agent.id}`)).body).toEqual(agent)
  })

  it('speaks the words of older clients, and gives them back', async () => {
    const older = { agent_type: 'assistant', personality: 'Gentil', max_tokens: 800 }
    const agent = await create({ name: 'Velho', model_provider: 'openai', model_name: 'gpt-5-mini', ...older })
    expect(agent).toMatchObject({ model: 'openai/gpt-5-mini', model_name: 'gpt-5-mini', ...older })
    const changed = await ask(ana, 'PUT', `/${agent.id}`, { model: 'claude-x', model_provider: 'anthropic' })
    expect(changed.body).toMatchObject({ model: 'anthropic/claude-x', model_provider: 'anthropic' })
    expect(pointersOf(await ask(ana, 'PATCH', `/${agent.id}`, { model: 'no-provider' }))).toEqual(['/model'])
  })

  it('is a new version with each change of what it does, and each can be had again', async () => {
    const { id } = await create({ name: 'V', instructions: 'um' })
    await ask(ana, 'PATCH', `/${id}`, { instructions: 'dois' })
    expect((await ask(ana, 'PATCH', `/${id}`, { name: 'W' })).body).toMatchObject({ version: 2 })
    expect((await versionsOf(id)).map(({ version, instructions }) => [version, instructions])).toEqual([
      [2, 'dois'],
      [1, 'um'],
    ])
    const restored = await ask(ana, 'POST', `/${id}/versions/1/restore`)
    expect(restored).toMatchObject({ status: 200, body: { version: 3, instructions: 'um', name: 'W' } })
    expect((await versionsOf(id))[0]).toMatchObject({ version: 3, is_current: true })
    expect((await ask(ana, 'POST', `/${id}/versions/9/restore`)).status).toBe(404)
  })

  it('changed twenty times at once has twenty-one versions, none lost', async () => {
    const { id } = await create({ name: 'C' })
    await Promise.all(Array.from({ length: 20 }, (_, n) => ask(ana, 'PATCH', `/${id}`, { instructions: String(n) })))
    const all = await ask(ana, 'GET', `/${id}/versions?size=100`)
    const { items } = pageOf(AgentVersion).parse(all.body)
    expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, n) => 21 - n))
    expect(new Set(items.map(({ instructions }) => instructions)).size).toBe(21)
  })

  it('is duplicated, deactivated and deleted', async () => {
    const { id } = await create({ name: 'Modelo', instructions: 'Seja breve.', tools: [{ type: 'current_time' }] })
    const copy = Agent.parse((await ask(ana, 'POST', `/${id}/duplicate`)).body)
    expect(copy).toMatchObject({ name: 'Modelo (cópia)', instructions: 'Seja breve.', version: 1 })
    expect((await ask(ana, 'POST', `/${copy.id}/deactivate`)).body).toMatchObject({ status: 'inactive' })
    expect((await ask(ana, 'POST', `/${copy.id}/activate`)).body).toMatchObject({ status: 'active' })
    expect((await ask(ana, 'DELETE', `/${copy.id}`)).status).toBe(204)
    expect((await ask(ana, 'GET', `/${copy.id}`)).status).toBe(404)
  })

  it('is found by search, status and tag', async () => {
    const word = newId()
    await create({ name: `Um ${word}`, tags: ['a'] })
    const { id } = await create({ name: `Dois ${word}`, tags: ['b'] })
    await ask(ana, 'POST', `/${id}/deactivate`)
    const names = async (query: string) =>
      pageOf(Agent)
        .parse((await ask(ana, 'GET', `?search=${word}&${query}`)).body)
        .items.map(({ name }) => name.split(' ')[0])
    expect(await names('')).toEqual(['Dois', 'Um'])
    expect(await names('status=active')).toEqual(['Um'])
    expect(await names('tag=b')).toEqual(['Dois'])
    expect(await names('page=2&size=1')).toEqual(['Um'])
  })

  test('a slug that is taken is refused', async () => {
    const { slug } = await create({ name: newId() })
    expect(await ask(ana, 'POST', '', { name: 'x', slug })).toMatchObject({ status: 409, body: { code: 'slug_taken' } })
  })
})

describe('what does not fit is told when it is saved', () => {
  it('with the place of each problem', async () => {
    const tools = [
      { type: 'no_such' },
      { type: 'run_workflow', config: { workflow_id: newId() } },
      { type: 'http_request', config: { url: 'https://a.example', headers: { x: '{{ $secrets.NOBODY_HAS }}' } } },
      { type: 'http_request', name: 'other', config: { url: 'https://a.example/{{ $secrets.NOBODY_HAS }}' } },
      { type: 'http_request', config: { headers: { a: 'b' } } },
      { type: 'current_time', config: { zone: 1 } },
    ]
    const answer = await ask(ana, 'POST', '', { name: 'x', instructions: 'Oi {{ $input. }} e {{ quem }}', tools })
    expect(answer.status).toBe(422)
    expect(pointersOf(answer).toSorted()).toEqual(
      [
        '/instructions',
        '/instructions',
        '/tools/0/type',
        '/tools/1/config/workflow_id',
        '/tools/2/config/headers/x',
        '/tools/3/config/url',
        '/tools/4/config/url',
        '/tools/4/name',
        '/tools/5/config/zone',
      ].toSorted(),
    )
  })

  it("another workspace's agent is no agent", async () => {
    const { id } = await create({ name: 'De Eva' }, eva)
    const tools = [{ type: 'ask_agent', config: { agent_id: id } }]
    expect(pointersOf(await ask(ana, 'POST', '', { name: 'x', tools }))).toEqual(['/tools/0/config/agent_id'])
    expect((await ask(ana, 'GET', `/${id}`)).status).toBe(404)
    expect((await ask(ana, 'POST', `/${id}/duplicate`)).status).toBe(404)
  })

  it('an output schema that is none is refused', async () => {
    const schema = { type: 'object', properties: { a: { type: 'no-such-type' } }, $ref: '#/nowhere' }
    expect(pointersOf(await ask(ana, 'POST', '', { name: 'x', output_schema: schema }))).toEqual(['/output_schema'])
    const good = { type: 'object', properties: { a: { type: 'string' } } }
    expect((await ask(ana, 'POST', '', { name: 'x', output_schema: good })).status).toBe(201)
  })
})

test('the catalog of tools tells the config of each as JSON Schema, in the language of the reader', async () => {
  const answer = await ana.call('/api/v1/agents/tools', { headers: { 'Accept-Language': 'en' } })
  const { items } = JSON.parse(answer.text) as { items: { type: string; title: string; config: object }[] }
  expect(items.map(({ type }) => type)).toContain('http_request')
  expect(items.find(({ type }) => type === 'ask_agent')).toMatchObject({
    title: 'Ask another agent',
    config: { required: ['agent_id'], additionalProperties: false },
  })
})
