import { describe, expect, test } from 'vitest'
import { foldEvent, NOTHING_YET } from '#core/agent/fold'
import type { ModelCall, ModelMessage } from '#core/agent/model'
import { toModelMessages } from '#core/agent/transcript'
import { createModels } from '#llm/models'
import { SIGNATURE } from '#tests/support/scripted-model/anthropic'
import { THOUGHT } from '#tests/support/scripted-model/google'
import { EACH_WIRE, hear, KEY, NO_PROVIDERS, say, startModels } from './support.ts'

const WEATHER = {
  name: 'weather',
  description: 'The weather of a place',
  inputSchema: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
}

describe.each(EACH_WIRE)('%s', (model) => {
  test('streams text, word by word, and ends with what it took', async () => {
    const { server, models } = await startModels([
      { kind: 'text', text: 'one two three', usage: null },
      { kind: 'text', text: 'one two three' },
    ])
    await hear(models, { models: [model], ...say('hi') })
    const { parts, text, error } = await hear(models, {
      models: [model],
      instructions: 'Be brief.',
      temperature: 0.5,
      maxTokens: 99,
      stop: ['END'],
      ...say('count'),
    })
    expect(error).toBeUndefined()
    expect(text).toBe('one two three')
    expect(parts.filter(({ type }) => type === 'text').length).toBeGreaterThan(1)
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      reason: 'stop',
      model,
      usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
    })
    const body = JSON.stringify(server.requests[1]?.body)
    for (const sent of ['Be brief.', 'count', '99']) expect(body).toContain(sent)
    expect(JSON.stringify(server.requests[1]?.headers)).toContain(KEY)
    expect(server.requests[1]?.path).not.toContain(KEY)
  })

  test('calls tools, and is told what came of it', async () => {
    const input = { place: 'Recife' }
    const { server, models } = await startModels([
      { kind: 'tools', text: 'I look.', calls: [{ id: 'call_1', name: 'weather', input }] },
      { kind: 'text', text: 'Sunny.' },
    ])
    const call = { models: [model], tools: [WEATHER], ...say('weather?') } as const
    const first = await hear(models, call)
    expect(first.text).toBe('I look.')
    const called = first.parts.find((part) => part.type === 'tool_call')
    expect(called).toMatchObject({ tool: 'weather', input })
    expect(first.parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' })
    if (called?.type !== 'tool_call') throw new Error('no call')

    const { callId } = called
    const results: ModelMessage[] = [
      { role: 'assistant', content: [{ type: 'text', text: 'I look.' }, called] },
      { role: 'tool', content: [{ callId, tool: 'weather', output: { sky: 'blue as ever' }, isError: false }] },
    ]
    const second = await hear(models, { ...call, messages: [...call.messages, ...results] })
    expect(second.text).toBe('Sunny.')
    expect(JSON.stringify(server.requests[1]?.body)).toContain('blue as ever')
  })

  test('an error says who refused what; the key is not in it', async () => {
    const { models } = await startModels([{ kind: 'error', status: 401, message: `bad key ${KEY}` }])
    const { parts, error } = await hear(models, { models: [model], ...say('hi') })
    expect(parts).toEqual([])
    expect(error).toMatchObject({ code: 'model_refused', status: 401, retryable: false, provider: model.split('/')[0] })
    expect(String(error)).toContain('bad key ***')
    expect(JSON.stringify([error, Object.getOwnPropertyDescriptors(error)])).not.toContain(KEY)
  })

  test('a cut in the middle: what had come was given, and then an error that is worth another attempt', async () => {
    const { models } = await startModels([{ kind: 'cut', after: 'half', text: 'one two three four five six' }])
    const { text, error } = await hear(models, { models: [model], ...say('hi') })
    expect(text).toMatch(/^one two/)
    expect(text).not.toContain('six')
    expect(error).toMatchObject({ code: 'model_unavailable', retryable: true })
  })

  test('an end that is none: the connection closes in order, and nobody said that it is done', async () => {
    const { models } = await startModels([{ kind: 'text', text: 'one two', finishReason: null, usage: null }])
    const { text, error } = await hear(models, { models: [model], ...say('hi') })
    expect(text).toBe('one two')
    expect(error).toMatchObject({ code: 'model_unavailable', retryable: true })
  })

  test('an error that the provider tells in the middle', async () => {
    const { models } = await startModels([{ kind: 'broken', text: 'one two three four', message: 'too much to do' }])
    const { text, error } = await hear(models, { models: [model], ...say('hi') })
    expect(text).toMatch(/^one/)
    expect(error).toMatchObject({ name: 'ModelError', retryable: true })
    expect(String(error)).toContain('too much to do')
  })

  test.each([
    ['from the beginning', { kind: 'stall' }, ''],
    ['in the middle', { kind: 'stall', text: 'one two three four five six' }, 'one two'],
  ] as const)('a stall %s is a timeout', async (_when, reply, begin) => {
    const { server, models } = await startModels([reply], { stallMs: 150 })
    const { text, error } = await hear(models, { models: [model], ...say('hi') })
    expect(text.startsWith(begin)).toBe(true)
    expect(error).toMatchObject({ code: 'model_timeout', retryable: true })
    await server.clientGone
  })

  test('who stops, stops the model', async () => {
    const { server, models } = await startModels([{ kind: 'hold', text: 'one two three four five six' }])
    const controller = new AbortController()
    const reason = new Error('stopped')
    const heard: string[] = []
    const listening = async () => {
      for await (const part of models.stream({ models: [model], ...say('hi') }, controller.signal)) {
        heard.push(part.type)
        controller.abort(reason)
      }
    }
    await expect(listening()).rejects.toBe(reason)
    expect(heard.length).toBe(1)
    await server.clientGone
  })

  test('who no longer listens, stops the model too', async () => {
    const { server, models } = await startModels([{ kind: 'hold', text: 'one two three four five six' }])
    const parts = models.stream({ models: [model], ...say('hi') }, new AbortController().signal)
    const heard: unknown[] = []
    for await (const part of parts) {
      heard.push(part)
      break
    }
    await server.clientGone
    expect(heard.length).toBe(1)
  })

  test('images and PDF go as they are, text goes as text, and nothing is fetched', async () => {
    const { server, models } = await startModels([{ kind: 'text', text: 'seen' }])
    const data = new TextEncoder().encode('col1,col2\nx,y')
    const call: ModelCall = {
      models: [model],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look at https://example.com/x.png' },
            { type: 'file', data: Uint8Array.of(137, 80, 78, 71), contentType: 'image/png', filename: 'a.png' },
            { type: 'file', data: Uint8Array.of(37, 80, 68, 70), contentType: 'application/pdf', filename: 'a.pdf' },
            { type: 'file', data, contentType: 'text/csv; charset=utf-8', filename: 'a.csv' },
          ],
        },
      ],
    }
    const { error } = await hear(models, call)
    expect(error).toBeUndefined()
    const body = JSON.stringify(server.requests[0]?.body)
    expect(body).toContain(Buffer.from([137, 80, 78, 71]).toString('base64'))
    expect(body).toContain(Buffer.from([37, 80, 68, 70]).toString('base64'))
    expect(body).toContain(String.raw`col1,col2\nx,y`)
    expect(server.requests.length).toBe(1)
  })
})

test.each([
  ['anthropic/claude-haiku-4-5', SIGNATURE],
  ['google/gemini-2.5-flash', THOUGHT],
] as const)('%s gets back what it signed', async (model, signature) => {
  const { server, models } = await startModels([
    { kind: 'tools', reasoning: 'I think so.', calls: [{ id: 'call_1', name: 'weather', input: { place: 'Recife' } }] },
    { kind: 'text', text: 'Done.' },
  ])
  let progress = NOTHING_YET
  const call = { models: [model], tools: [WEATHER], ...say('weather?') } as const
  for (const part of (await hear(models, call)).parts) {
    if (part.type === 'finish') continue
    const event =
      part.type === 'tool_call'
        ? ({
            type: 'tool_called',
            call_id: part.callId,
            tool: part.tool,
            input: part.input,
            asks: null,
            provider: part.provider,
          } as const)
        : part
    progress = foldEvent(progress, event)
  }
  await hear(models, { ...call, messages: [...call.messages, ...toModelMessages(progress.parts)] })
  expect(JSON.stringify(server.requests[1]?.body)).toContain(signature)
})

test('a call whose input is no JSON comes as the text that it was', async () => {
  const body = `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'weather', arguments: '{"place' } }] }, finish_reason: null }] })}\n\ndata: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })}\n\ndata: [DONE]\n\n`
  const { models } = await startModels([{ kind: 'raw', body }])
  const { parts } = await hear(models, { models: ['other/llama'], tools: [WEATHER], ...say('hi') })
  expect(parts[0]).toMatchObject({ type: 'tool_call', input: '{"place' })
})

test.each(['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5'])(
  'a file that %s does not take, and that the call is about, is refused',
  async (model) => {
    const { server, models } = await startModels([{ kind: 'text', text: 'x' }])
    const file = {
      type: 'file',
      data: Uint8Array.of(80, 75),
      contentType: 'application/zip',
      filename: 'a.zip',
      isRequired: true,
    } as const
    const { error } = await hear(models, { models: [model], messages: [{ role: 'user', content: [file] }] })
    expect(error).toMatchObject({ code: 'model_refused', retryable: false })
    expect(String(error)).toContain('application/zip')
    expect(server.requests.length).toBe(0)
  },
)

test('the demo streams without anybody', async () => {
  const models = createModels({ config: NO_PROVIDERS, fetch: () => Promise.reject(new Error('nothing may leave')) })
  const { parts, text } = await hear(models, { models: ['demo/echo'], ...say('hello there') })
  expect(text).toContain('hello there')
  expect(parts.at(-1)).toMatchObject({ type: 'finish', cost: 0, model: 'demo/echo' })
})
