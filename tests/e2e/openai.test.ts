/** OpenAI's own client, unchanged, against the real server over HTTP. */
import OpenAI, { APIUserAbortError } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'

const Made = z.object({ id: z.uuid(), slug: z.string() })
const DONE = { kind: 'text', text: 'pronto' } as const
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const scripts = new Map<string, ScriptedReply[]>()
let model: ScriptedModel
let server: TestServer
let ana: Client
let openai: OpenAI

beforeAll(async () => {
  model = await startScriptedModel(({ model: name }) => scripts.get(name)?.shift() ?? DONE)
  const providers = [{ id: 'scripted', base_url: model.baseUrl }]
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1', LLM_PROVIDERS: JSON.stringify(providers) } })
  ana = await createClient(server.url)
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: ana.token, maxRetries: 0 })
})

afterAll(async () => {
  await server.remove()
  await model.stop()
})

async function agentOf(name: string, script: ScriptedReply[], agent: object = {}) {
  scripts.set(name, script)
  return Made.parse((await ana.call('/agents', { name, model: `scripted/${name}`, ...agent })).body)
}
const asked = (name: string) => model.requests.filter((request) => request.model === name).map(({ body }) => body)
const calling = (name: string, input: object): ScriptedReply => ({
  kind: 'tools',
  calls: [{ id: 'call_1', name, input: z.json().parse(input) }],
})
const user = (content: string) => [{ role: 'user' as const, content }]
const weather = (required: boolean) => ({
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'The weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, ...(required && { required: ['city'] }) },
  },
})

test('agents are the models, by slug and by id; a provider’s model goes without an agent', async () => {
  const { id, slug } = await agentOf('lista', [])
  expect((await openai.models.list()).data.map((one) => one.id)).toContain(slug)
  for (const name of [id, slug]) {
    const answer = await openai.chat.completions.create({ model: name, messages: user('Oi') })
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: name,
      choices: [{ message: { role: 'assistant', content: 'pronto' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
    })
  }
  const plain = await openai.chat.completions.create({ model: 'demo/echo', messages: user('palavra') })
  expect(plain.choices[0]?.message.content).toContain('palavra')
})

test('streams word by word, with the usage at the end', async () => {
  const { slug } = await agentOf('fluxo', [{ kind: 'text', text: 'um dois três quatro' }], { instructions: 'Conte.' })
  const system = { role: 'system' as const, content: 'Em português.' }
  const stream = openai.chat.completions.stream({
    model: slug,
    messages: [system, ...user('Conte')],
    stream_options: { include_usage: true },
  })
  const pieces: string[] = []
  stream.on('content', (piece) => pieces.push(piece))
  const final = await stream.finalChatCompletion()
  expect(pieces.length).toBeGreaterThan(2)
  expect(pieces.join('')).toBe('um dois três quatro')
  expect(final).toMatchObject({ usage: { total_tokens: 12 }, choices: [{ finish_reason: 'stop' }] })
  expect(JSON.stringify(asked('fluxo')[0]?.messages)).toContain(String.raw`Conte.\n\nEm português.`)
})

describe('tools', () => {
  test('of the client are run by its runTools, those of the agent here', async () => {
    const script = [calling('current_time', {}), calling('weather', { city: 'Recife' })]
    const { slug } = await agentOf('duas', script, { tools: [{ type: 'current_time' }] })
    const cities: unknown[] = []
    const runner = openai.chat.completions.runTools({
      model: slug,
      messages: user('Que tempo faz?'),
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'The weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: (text: string) => z.object({ city: z.string() }).parse(JSON.parse(text)),
            function: ({ city }: { city: string }) => {
              cities.push(city)
              return { degrees: 31 }
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('pronto')
    expect(cities).toEqual(['Recife'])
    const last = asked('duas').at(-1)?.messages ?? []
    // The agent's own call had the same id before.
    expect(last.at(-1)).toMatchObject({ role: 'tool', tool_call_id: 'call_1_2' })
    expect(JSON.stringify(last)).toContain('31')
  })

  test('come back as tool_calls, and their outcomes are taken in the next request', async () => {
    const { slug } = await agentOf('volta', [calling('weather', { city: 'Natal' })])
    const messages: OpenAI.ChatCompletionMessageParam[] = user('Natal?')
    const first = await openai.chat.completions.create({ model: slug, messages, tools: [weather(true)] })
    const [choice] = first.choices
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ id: 'call_1', function: { name: 'weather' } }] },
    })
    if (choice !== undefined) messages.push(choice.message)
    messages.push({ role: 'tool', tool_call_id: 'call_1', content: '{"degrees":29}' })
    const second = await openai.chat.completions.create({ model: slug, messages, tools: [weather(true)] })
    expect(second.choices[0]?.message.content).toBe('pronto')
  })

  test('that take the name of one of the agent’s are refused', async () => {
    const { slug } = await agentOf('nome', [], { tools: [{ type: 'current_time', name: 'weather' }] })
    const asking = openai.chat.completions.create({ model: slug, messages: user('x'), tools: [weather(false)] })
    await expect(asking).rejects.toMatchObject({ status: 422, code: 'completion_tool_taken' })
  })
})

test('pictures come as data URLs; no address is fetched', async () => {
  const { slug } = await agentOf('ver', [])
  const show = (url: string) =>
    openai.chat.completions.create({
      model: slug,
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    })
  await expect(show('http://127.0.0.1:9/x.png')).rejects.toMatchObject({ status: 422, code: 'chat_file_unreadable' })
  expect((await show(PIXEL)).choices[0]?.message.content).toBe('pronto')
})

test('a schema is kept to, and shown as a whole', async () => {
  const script: ScriptedReply[] = [
    { kind: 'text', text: 'são 2' },
    { kind: 'text', text: '{"n":2}' },
  ]
  const { slug } = await agentOf('esquema', script)
  const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }
  const stream = openai.chat.completions.stream({
    model: slug,
    messages: user('n?'),
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
  })
  expect(await stream.finalContent()).toBe('{"n":2}')
})

describe('errors are of the classes that the client has', () => {
  const ask = (client: OpenAI, name: string) => client.chat.completions.create({ model: name, messages: user('x') })

  test('for who is calling, and what is asked', async () => {
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'nobody', maxRetries: 0 })
    await expect(ask(stranger, 'x')).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    await expect(ask(openai, 'gpt-4o')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(ask(openai, 'gpt-4o')).rejects.toMatchObject({ code: 'model_not_found' })
    const odd = openai.chat.completions.create({ model: 'demo/echo', messages: user('x'), n: 3 })
    await expect(odd).rejects.toBeInstanceOf(OpenAI.UnprocessableEntityError)
    await expect(odd).rejects.toMatchObject({ param: 'n' })
    const eva = await createClient(server.url)
    const { id } = await agentOf('alheio', [])
    await expect(ask(new OpenAI({ baseURL: `${server.url}/v1`, apiKey: eva.token }), id)).rejects.toMatchObject({
      status: 404,
    })
  })

  test('for an agent that is switched off, and asks no second time', async () => {
    const { slug } = await agentOf('parado', [], { status: 'inactive' })
    const patient = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: ana.token, maxRetries: 5 })
    await expect(ask(patient, slug)).rejects.toBeInstanceOf(OpenAI.ConflictError)
  })

  test('before the stream begins, and in the middle of it', async () => {
    const { slug } = await agentOf('quebra', [
      { kind: 'error', status: 400 },
      { kind: 'broken', text: 'um dois três quatro', message: 'caiu' },
    ])
    const stream = () => openai.chat.completions.stream({ model: slug, messages: user('x') }).finalContent()
    await expect(stream()).rejects.toMatchObject({ status: 422, code: 'model_refused' })
    await expect(stream()).rejects.toBeInstanceOf(OpenAI.APIError)
  })
})

test('a client that leaves stops the model', async () => {
  const { slug } = await agentOf('parar', [{ kind: 'hold', text: 'um dois três quatro cinco seis' }])
  const stream = openai.chat.completions.stream({ model: slug, messages: user('x') })
  stream.on('content', () => stream.abort())
  await expect(stream.finalContent()).rejects.toBeInstanceOf(APIUserAbortError)
  await model.clientGone
})
