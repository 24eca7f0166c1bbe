/** Tools of MCP servers: honest ones, and those that mean harm. */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { scriptModel } from '#tests/worker/support/models'
import { calls, createOwner, DONE, type Owner, refusal } from './support.ts'

const MCP_URL = inject('mcpUrl')

let ana: Owner

beforeAll(async () => {
  ana = await createOwner()
})

const server = (path: string, more: JsonObject = {}, setting: JsonObject = {}) => ({
  type: 'mcp',
  ...setting,
  config: { url: `${MCP_URL}/${path}`, ...more },
})
const hostile = (kind: string, more: JsonObject = {}) => server(`hostile/${kind}`, more)

/** The tools that a model is told of. */
async function toldOf(tool: object): Promise<readonly { name: string; description: string; parameters: JsonObject }[]> {
  const model = await scriptModel(DONE)
  const { id } = await ana.create({ model: model.reference, tools: [tool] })
  await ana.turn(id)
  const [request] = await model.requests()
  const tools = request?.body['tools'] as { function: { name: string; description: string; parameters: JsonObject } }[]
  return tools.map((one) => one.function)
}

/** Why an agent with this tool cannot begin its turn. */
async function refusalOf(tool: object): Promise<string> {
  const { id } = await ana.create({ tools: [tool] })
  const { code, params } = await refusal(ana.turn(id))
  expect(code).toBe('agent_tool_failed')
  return (params as { reason: string }).reason
}

describe('an MCP server', () => {
  it('offers its tools under names that every provider takes', async () => {
    const told = await toldOf(server(`honest/${newId()}`, {}, { name: 'shop' }))
    expect(told.map(({ name }) => name)).toEqual(['shop_add', 'shop_stock', 'shop_who_am_I', 'shop_fail', 'shop_huge'])
    expect(told[0]).toMatchObject({
      description: 'Adds two numbers',
      parameters: { type: 'object', properties: { a: { type: 'number' } }, required: ['a', 'b'] },
    })
    const some = await toldOf(server(`honest/${newId()}`, { tools: ['stock'] }))
    expect(some.map(({ name }) => name)).toEqual(['stock'])
    expect(await refusalOf(server(`honest/${newId()}`, { tools: ['stock', 'none'] }))).toContain('none')
  })

  it('is called by the model, and what it says goes back: text, objects, failures, bad input', async () => {
    const model = await scriptModel(
      calls(['add', { a: 2, b: 3 }], ['add', { a: 'x' }], ['add', 'x'], ['stock', {}], ['fail', {}], ['huge', {}]),
      DONE,
    )
    const { id } = await ana.create({ model: model.reference, tools: [server(`honest/${newId()}`)] })
    const { outputs } = await ana.turn(id)
    expect(outputs).toHaveLength(6)
    expect(outputs).toContainEqual('5')
    expect(outputs).toContainEqual({ left: 3 })
    expect(outputs).toContainEqual({ code: 'mcp_tool_failed', message: 'fail: out of paper' })
    expect(outputs).toContainEqual({ code: 'invalid_input', message: expect.stringContaining('object') })
    expect(outputs).toContainEqual({
      code: expect.stringMatching(/^mcp_/),
      message: expect.stringContaining('expected number'),
    })
    expect(outputs).toContainEqual({ truncated: expect.any(String), beginning: expect.any(String) })
  })

  it('is sent secrets in headers, which nobody sees again, and a key for each call', async () => {
    const secret = `s3cret-${newId()}`
    await ana.post('/variables', { key: 'MCP_KEY', value: secret, secret: true })
    const headers = { authorization: 'Bearer {{ $secrets.MCP_KEY }}' }
    const [output] = await ana.outputsOf(server(`honest/${newId()}`, { headers }), 'who_am_I', {})
    expect(output).toMatch(/^Bearer \*\*\* .*call_0/)
    expect(output).toContain('[image image/png, 4 characters of base64]')
    expect(output).not.toContain(secret)
  })

  it('that has forgotten the session is greeted anew', async () => {
    const key = newId()
    const forget = { type: 'http_request', config: { url: `${MCP_URL}/forget/${key}` } }
    const model = await scriptModel(calls(['http_request', {}]), calls(['add', { a: 1, b: 1 }]), DONE)
    const { id } = await ana.create({ model: model.reference, tools: [server(`honest/${key}`), forget] })
    expect((await ana.turn(id)).outputs).toMatchObject([{ status: 200 }, '2'])
  })

  it('may need approval for each of its tools', async () => {
    const model = await scriptModel(calls(['add', { a: 1, b: 1 }]), DONE)
    const tool = server(`honest/${newId()}`, {}, { needs_approval: true })
    const { id } = await ana.create({ model: model.reference, tools: [tool] })
    expect((await ana.turn(id)).end).toMatchObject({ status: 'waiting', calls: [{ tool: 'add', asks: 'approval' }] })
  })
})

describe('a hostile MCP server', () => {
  it('gets no further with a list that is too long, never ends, or is too large', async () => {
    expect(await refusalOf(hostile('many'))).toContain('500 tools')
    expect((await toldOf(hostile('many', { tools: ['t7'] }))).map(({ name }) => name)).toEqual(['t7'])
    expect(await refusalOf(hostile('endless'))).toMatch(/pages|exceed/i)
    expect(await refusalOf(hostile('large'))).toMatch(/bytes/)
  })

  it('with odd names, long descriptions and schemas that explode does no harm', async () => {
    const told = await toldOf(hostile('odd'))
    expect(told.map(({ name }) => name)).toEqual(['long', 'bomb', '_n__code_', '_n__code__2'])
    expect(told[0]?.description.length).toBeLessThan(1_024)
    expect(told[1]?.parameters).toMatchObject({ type: 'object' })
    expect(JSON.stringify(told[1]?.parameters).length).toBeLessThan(200)
    const begun = Date.now()
    expect(await ana.outputsOf(hostile('odd'), 'bomb', {})).toEqual([{ x: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' }])
    expect(Date.now() - begun).toBeLessThan(5_000)
  })

  it('that is silent, speaks something else or refuses is told so', async () => {
    expect(await refusalOf(hostile('silent', { timeout_ms: 500 }))).toMatch(/500|time/i)
    expect(await refusalOf(hostile('junk'))).toContain('MCP server')
    expect(await refusalOf(hostile('refuses'))).toContain('401')
  })

  it('leads nobody to internal addresses, nor secrets to others', async () => {
    for (const to of ['http://169.254.169.254/', 'http://localhost:1/', 'http://10.0.0.1/']) {
      expect(await refusalOf({ type: 'mcp', config: { url: to } })).toMatch(/address|allowed|internal/i)
      const config = { url: `${MCP_URL}/redirect?to=${encodeURIComponent(to)}` }
      expect(await refusalOf({ type: 'mcp', config })).toMatch(/redirect|address|allowed|307/i)
    }
    const key = newId()
    await ana.post('/variables', { key: 'OTHER_KEY', value: `s3cret-${newId()}`, secret: true })
    const config = {
      url: `${MCP_URL}/redirect?to=${encodeURIComponent(`${HTTP_URL}/echo/${key}`)}`,
      headers: { authorization: 'Bearer {{ $secrets.OTHER_KEY }}' },
    }
    await refusalOf({ type: 'mcp', config })
    expect(JSON.stringify(await requestsOf(key))).not.toContain('s3cret')
  })
})
