/** Turns of bound agents, against a scripted provider and real servers. */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { isJsonObject, type Json } from '#lib/json'
import { newId } from '#lib/ids'
import { HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'
import { calls, createOwner, DONE, type Owner, refusal } from './support.ts'

const MCP_URL = inject('mcpUrl')
const Made = z.object({ id: z.uuid() })

let ana: Owner

beforeAll(async () => {
  ana = await createOwner()
})

describe('an agent that is bound', () => {
  it('tells its model who it is, with the facts of the turn in its instructions', async () => {
    const model = await scriptModel(DONE)
    await ana.post('/variables', { key: 'SHOP', value: 'Padaria' })
    const instructions =
      'Você atende {{ $input.user.name }} na {{ $vars.SHOP }}, {{ [1, 2].map((n) => n * 2).join("-") }}.'
    const { id } = await ana.create({
      model: model.reference,
      instructions,
      personality: 'Seja breve.',
      temperature: 0.25,
    })
    const { end, progress } = await ana.turn(id, { input: { user: { name: 'Rui' } } })
    expect(end).toEqual({ status: 'completed', reason: 'stop' })
    expect(progress).toMatchObject({ steps: 1, model: model.reference })
    const [request] = await model.requests()
    expect(request?.body).toMatchObject({
      temperature: 0.25,
      messages: [
        { role: 'system', content: 'Você atende Rui na Padaria, 2-4.\n\nSeja breve.' },
        { role: 'user', content: 'Oi' },
      ],
    })
  })

  it('without one, is the default of the workspace', async () => {
    const { progress } = await ana.turn(null)
    expect(progress.model).toBe('demo/echo')
  })

  it('is refused with the expression that fails, when it is inactive, or is not of this workspace', async () => {
    const { id } = await ana.create({ instructions: 'Olá {{ JSON.parse("x") }}' })
    expect(await refusal(ana.turn(id))).toMatchObject({
      code: 'agent_instructions_failed',
      params: { name: 'Teste', expression: 'JSON.parse("x")' },
    })
    await ana.call(`/api/v1/agents/${id}/deactivate`, { method: 'POST' })
    expect(await refusal(ana.turn(id))).toEqual({ code: 'agent_inactive', params: { name: 'Teste' } })
    expect(await refusal(ana.turn(newId()))).toMatchObject({ code: 'not_found' })
  })
})

describe('tools', () => {
  it('tell the model what is wrong with its input, and which tools there are', async () => {
    const outputs = await ana.outputsOf({ type: 'run_code' }, 'run_code', { cod: 'return 1' }, { code: 7 })
    expect(outputs).toMatchObject([
      { code: 'invalid_input', message: expect.stringContaining('/code') },
      { code: 'invalid_input', message: expect.stringContaining('expected string') },
    ])
    expect(await ana.outputsOf({ type: 'run_code' }, 'erase', {})).toMatchObject([{ code: 'unknown_tool' }])
  })

  it('run code in the sandbox, and say how it failed', async () => {
    const code = 'return $input.values.reduce((a, b) => a + b)'
    const outputs = await ana.outputsOf(
      { type: 'run_code' },
      'run_code',
      { code, input: { values: [1, 2, 3] } },
      { code: 'while (true) {}' },
      { code: 'return fetch("http://127.0.0.1")' },
      { code: 'throw new Error("no")' },
    )
    const codeOf = (output: Json | undefined) => (isJsonObject(output) ? output['code'] : output)
    expect(outputs.map(codeOf).map(String).toSorted()).toEqual(['6', 'code_failed', 'code_invalid', 'sandbox_steps'])
  })

  it('tell the time', async () => {
    const [one, two] = await ana.outputsOf({ type: 'current_time' }, 'current_time', {}, { time_zone: 'Nowhere/No' })
    expect([one, two]).toContainEqual({ time_zone: 'UTC', local: expect.any(String), utc: expect.any(String) })
    expect([one, two]).toContainEqual({ code: 'invalid_input', message: expect.stringContaining('/time_zone') })
  })

  it('are given to the model by name, and cut when they say too much', async () => {
    const key = newId()
    const config = { url: `${HTTP_URL}/fill/${key}?byte=97&count=200000` }
    const [output] = await ana.outputsOf({ type: 'http_request', name: 'fill', config }, 'fill', {})
    expect(output).toMatchObject({ truncated: expect.stringContaining('200'), beginning: expect.stringMatching(/aaa/) })
    expect(JSON.stringify(output).length).toBeLessThan(66_000)
    const huge = { url: `${HTTP_URL}/fill/${key}?byte=97&count=2000000` }
    const tool = { type: 'http_request', name: 'fill', config: huge }
    expect(await ana.outputsOf(tool, 'fill', {})).toMatchObject([{ code: 'outbound_too_large' }])
  })
})

describe('http_request', () => {
  it('sends what the owner fixes, with secrets that neither the model nor the answer shows', async () => {
    const [key, secret] = [newId(), `s3cret-${newId()}`]
    await ana.post('/variables', { key: 'SHOP_KEY', value: secret, secret: true })
    const config = {
      url: `${HTTP_URL}/mirror/${key}?tenant=1`,
      methods: ['POST'],
      headers: { authorization: 'Bearer {{ $secrets.SHOP_KEY }}' },
      query: { lang: 'pt' },
    }
    const input = { query: { lang: 'en', tenant: '2', q: 'x' }, body: { a: 1 } }
    const [output] = await ana.outputsOf({ type: 'http_request', config }, 'http_request', input)
    const [request] = await requestsOf(key)
    expect(request).toMatchObject({
      method: 'POST',
      url: `/mirror/${key}?tenant=1&lang=pt&q=x`,
      body: '{"a":1}',
      headers: { authorization: `Bearer ${secret}`, 'idempotency-key': expect.stringMatching(/call_0$/) },
    })
    expect(output).toMatchObject({ status: 200 })
    expect(JSON.stringify(output)).not.toContain(secret)
  })

  it('keeps the model below its address', async () => {
    const key = newId()
    const tool = { type: 'http_request', config: { url: `${HTTP_URL}/echo/${key}`, allow: ['path', 'headers'] } }
    const paths = ['../x', '..%2fx', '%2e%2e/x', '\\..\\..\\x', 'a/../../../x']
    const refused = await ana.outputsOf(tool, 'http_request', ...paths.map((path) => ({ path })))
    for (const output of refused) expect(output).toMatchObject({ code: 'invalid_input' })
    const others: Json[] = [{ headers: { Authorization: 'x' } }, { url: 'http://evil.example' }, { body: 'x' }]
    for (const bad of others) {
      expect(await ana.outputsOf(tool, 'http_request', bad)).toMatchObject([{ code: 'invalid_input' }])
    }
    await ana.outputsOf(tool, 'http_request', { path: '//evil.example/x' }, { path: '@evil.example?a#b' })
    expect((await requestsOf(key)).map(({ url }) => url).toSorted()).toEqual([
      `/echo/${key}/@evil.example%3Fa%23b`,
      `/echo/${key}/evil.example/x`,
    ])
  })

  it('reaches no internal address, and only the hosts that it may', async () => {
    const open = { type: 'http_request', config: {} }
    for (const url of ['http://169.254.169.254/latest', 'http://localhost:1/', 'http://[::1]/', 'http://10.0.0.1/']) {
      const [output] = await ana.outputsOf(open, 'http_request', { url })
      expect(output).toMatchObject({ code: expect.stringMatching(/^outbound_/) })
    }
    const bound = { type: 'http_request', config: { hosts: ['api.example.com'] } }
    expect(await ana.outputsOf(bound, 'http_request', { url: HTTP_URL })).toMatchObject([{ code: 'host_not_allowed' }])
    const key = newId()
    const near = { type: 'http_request', config: { hosts: ['127.0.0.1'] } }
    const url = `${MCP_URL}/redirect?to=${encodeURIComponent(`${HTTP_URL}/echo/${key}`)}`
    expect(await ana.outputsOf(near, 'http_request', { url })).toMatchObject([
      { status: 307, location: expect.any(String) },
    ])
    expect(await requestsOf(key)).toEqual([])
  })
})

describe('run_workflow', () => {
  const published = async (definition: object) => {
    const { id } = Made.parse(await ana.post('/workflows', { name: 'Ferramenta', definition }))
    await ana.post(`/workflows/${id}/publish`, {})
    return id
  }

  it('gives the output of a published workflow, once for each call', async () => {
    const id = await published(chain([trigger, setNode('end', { sum: '{{ $trigger.a + $trigger.b }}' })]))
    const model = await scriptModel(calls(['add', { inputs: { a: 2, b: 100 } }]), DONE)
    const config = { workflow_id: id, inputs: { b: 3 } }
    const agent = await ana.create({ model: model.reference, tools: [{ type: 'run_workflow', name: 'add', config }] })
    const key = newId()
    const { outputs } = await ana.turn(agent.id, {}, key)
    expect(outputs).toMatchObject([{ status: 'completed', output: { sum: 5 } }])
    const again = await scriptModel(calls(['add', { inputs: { a: 2 } }]), DONE)
    await ana.change(agent.id, { model: again.reference })
    expect((await ana.turn(agent.id, {}, key)).outputs).toEqual(outputs)
  })

  it('says why there is no output', async () => {
    const { id: draft } = Made.parse(await ana.post('/workflows', { name: 'Rascunho', definition: chain([trigger]) }))
    const tool = (workflow_id: string) => ({ type: 'run_workflow', config: { workflow_id } })
    expect(await ana.outputsOf(tool(draft), 'run_workflow', {})).toMatchObject([{ code: 'workflow_unavailable' }])
    const failing = await published(
      chain([trigger, { id: 's', type: 'stop', data: { config: { status: 'failed', message: 'sem estoque' } } }]),
    )
    expect(await ana.outputsOf(tool(failing), 'run_workflow', {})).toMatchObject([
      { code: 'workflow_failed', message: expect.stringContaining('sem estoque') },
    ])
  })
})

describe('ask_agent', () => {
  it("gives the other agent's answer, and its cost counts for the turn", async () => {
    const inner = await scriptModel({ kind: 'text', text: 'Custa 10.' })
    const other = await ana.create({ model: inner.reference })
    const outer = await scriptModel(calls(['ask_agent', { message: 'Quanto custa?' }]), DONE)
    const tools = [{ type: 'ask_agent', config: { agent_id: other.id } }]
    const { id } = await ana.create({ model: outer.reference, tools })
    const { outputs, progress } = await ana.turn(id)
    expect(outputs).toEqual([{ text: 'Custa 10.', model: inner.reference }])
    expect(progress).toMatchObject({ steps: 2, usage: { total_tokens: 36 } })
    expect(progress.cost).toBeCloseTo(3 * (7 * 2 + 5 * 8) * 1e-6, 10)
    expect((await inner.requests())[0]?.body.messages).toEqual([{ role: 'user', content: 'Quanto custa?' }])
  })

  it('ends in a circle, and at three agents below the first', async () => {
    const asks = calls(['ask_agent', { message: 'e você?' }])
    const names = ['a', 'b', 'c', 'd', 'e']
    const models = await Promise.all(names.map(() => scriptModel(asks, DONE)))
    let below: string | undefined
    const ids: string[] = []
    for (const model of models.toReversed()) {
      const tools = below === undefined ? [] : [{ type: 'ask_agent', config: { agent_id: below } }]
      below = (await ana.create({ model: model.reference, tools })).id
      ids.unshift(below)
    }
    const { outputs } = await ana.turn(ids[0] ?? '')
    expect(outputs).toMatchObject([{ text: 'pronto' }])
    const asked = await Promise.all(models.map(async (model) => (await model.requests()).length))
    expect(asked).toEqual([2, 2, 2, 2, 0])
    const second = await models[3]?.requests()
    expect(JSON.stringify(second?.[1]?.body.messages)).toContain('More than 3 agents')

    const self = await scriptModel(asks, DONE)
    const { id } = await ana.create({ model: self.reference })
    const tools = [{ type: 'ask_agent', config: { agent_id: id } }]
    await ana.change(id, { tools })
    expect((await ana.turn(id)).outputs).toMatchObject([{ code: 'agent_cycle' }])
  })
})

describe('a tool that needs a person', () => {
  const tools = [{ type: 'run_code', needs_approval: true }, { type: 'ask_person' }]

  it('is not run before the person has said so', async () => {
    const model = await scriptModel(calls(['run_code', { code: 'return 1' }], ['ask_person', { question: '?' }]), DONE)
    const { id } = await ana.create({ model: model.reference, tools })
    const { end } = await ana.turn(id)
    expect(end).toMatchObject({ status: 'waiting', calls: [{ asks: 'approval' }, { asks: 'answer' }] })
  })

  it('is refused where nobody can be asked', async () => {
    const model = await scriptModel(calls(['run_code', { code: 'return 1' }], ['ask_person', { question: '?' }]), DONE)
    const { id } = await ana.create({ model: model.reference, tools })
    const { outputs } = await ana.turn(id, { hasPerson: false })
    expect(outputs).toMatchObject([{ code: 'nobody_to_ask' }, { code: 'nobody_to_ask' }])
  })
})
