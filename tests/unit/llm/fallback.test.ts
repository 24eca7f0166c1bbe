import { expect, test } from 'vitest'
import { createModels } from '#llm/models'
import type { ScriptedReply } from '#tests/support/scripted-model'
import { allAt, EACH_WIRE, hear, KEY, NO_PROVIDERS, say, startModels, startServer } from './support.ts'

const busy = { kind: 'error', status: 429, headers: { 'retry-after-ms': '20' } } as const
const ok = { kind: 'text', text: 'here I am' } as const

test.each(EACH_WIRE)('%s is asked again while it is busy, after as long as it says', async (model) => {
  const { server, models } = await startModels([busy, { ...busy, status: 503 }, ok], { retries: 2 })
  const { text, error } = await hear(models, { models: [model], ...say('hi') })
  expect([text, error]).toEqual(['here I am', undefined])
  expect(server.requests.length).toBe(3)
})

test.each<[string, ScriptedReply, number]>([
  ['is wrong', { kind: 'error', status: 400 }, 1],
  ['wants more patience than there is', { ...busy, headers: { 'retry-after': '3600' } }, 1],
  ['is busy for too long', busy, 3],
])('what %s is not asked for ever', async (_what, reply, times) => {
  const { server, models } = await startModels([reply], { retries: 2 })
  const { error } = await hear(models, { models: ['openai/gpt-5'], ...say('hi') })
  expect(error).toMatchObject({ name: 'ModelError', provider: 'openai' })
  expect(server.requests.length).toBe(times)
})

test('another model stands in, whatever provider it is of, and says that it was the one', async () => {
  const server = await startServer(({ model }) => (model === 'claude-haiku-4-5' ? ok : { kind: 'error', status: 500 }))
  const config = { ...allAt(server), GOOGLE_API_KEY: undefined }
  const asked = ['openai/gpt-5', 'google/gemini-2.5-pro', 'nobody/x', 'anthropic/claude-haiku-4-5'] as const
  const { parts, text } = await hear(createModels({ config, fetch }), { models: asked, ...say('hi') })
  expect(text).toBe('here I am')
  expect(parts.at(-1)).toMatchObject({ model: 'anthropic/claude-haiku-4-5', cost: (7 * 1 + 5 * 5) / 1_000_000 })
  expect(server.requests.map(({ model }) => model)).toEqual(['gpt-5', 'claude-haiku-4-5'])
})

test('when none answers, the error names each', async () => {
  const server = await startServer(({ model }) =>
    model === 'gpt-5'
      ? { kind: 'error', status: 401, message: 'who are you' }
      : { kind: 'error', status: 503, message: 'full' },
  )
  const models = createModels({ config: allAt(server), fetch })
  const { error } = await hear(models, { models: ['openai/gpt-5', 'anthropic/claude-haiku-4-5'], ...say('hi') })
  expect(error).toMatchObject({ code: 'model_unavailable', provider: 'anthropic', retryable: true })
  expect(String(error)).toContain('HTTP 503: full')
  expect(String(error)).toContain('openai/gpt-5: HTTP 401: who are you')
})

test('half an answer is never mixed with another model’s, and never asked for again', async () => {
  const { server, models } = await startModels([{ kind: 'cut', after: 'half' }, ok], { retries: 2 })
  const { text, error } = await hear(models, { models: ['openai/gpt-5', 'anthropic/claude-haiku-4-5'], ...say('hi') })
  expect(text).not.toContain('here')
  expect(error).toMatchObject({ code: 'model_unavailable' })
  expect(server.requests.length).toBe(1)
})

test('a stop while it waits for another attempt ends the wait', async () => {
  const { models } = await startModels([{ ...busy, headers: { 'retry-after': '15' } }], { retries: 2 })
  const controller = new AbortController()
  const reason = new Error('stopped')
  setTimeout(() => controller.abort(reason), 50)
  const { error } = await hear(models, { models: ['openai/gpt-5'], ...say('hi') }, controller.signal)
  expect(error).toBe(reason)
})

test('a workspace’s own key goes before the installation’s, on a way of its own', async () => {
  const server = await startServer([ok])
  const asked: string[] = []
  const models = createModels({
    config: allAt(server),
    fetch: () => Promise.reject(new Error('not this way')),
    findKey: (name) => {
      asked.push(name)
      return Promise.resolve({ apiKey: 'sk-own', fetch, hidden: ['sk-own'] })
    },
  })
  await hear(models, { models: ['anthropic/claude-haiku-4-5'], ...say('hi') })
  await hear(models, { models: ['other/llama'], ...say('hi') })
  expect(asked).toEqual(['ANTHROPIC_API_KEY', 'OTHER_API_KEY'])
  expect(server.requests.map(({ headers }) => headers['x-api-key'] ?? headers.authorization)).toEqual([
    'sk-own',
    'Bearer sk-own',
  ])
  expect(JSON.stringify(server.requests)).not.toContain(KEY)
})

test('a preset needs nothing but its key', async () => {
  const urls: string[] = []
  const recording: typeof fetch = (input) => {
    urls.push(input instanceof Request ? input.url : String(input))
    return Promise.reject(new TypeError('fetch failed'))
  }
  const config = { ...NO_PROVIDERS, LLM_PROVIDERS: [{ id: 'groq', api_key: 'gsk' }] }
  const models = createModels({ config, fetch: recording })
  await hear(models, { models: ['groq/llama-3.3-70b-versatile'], ...say('hi') })
  expect(urls).toEqual(['https://api.groq.com/openai/v1/chat/completions'])
  const { error } = await hear(models, { models: ['deepseek/deepseek-chat'], ...say('hi') })
  expect(error).toMatchObject({ code: 'model_not_configured' })
  expect(String(error)).toContain('DEEPSEEK_API_KEY')
})

test.each([
  ['openai/gpt-5', 'json_schema'],
  ['google/gemini-2.5-flash', 'responseJsonSchema'],
  ['anthropic/claude-haiku-4-5', 'json_schema'],
  ['other/llama', 'Answer with one JSON value'],
] as const)('%s is bound to a schema in the way that it has: %s', async (model, sign) => {
  const { server, models } = await startModels([{ kind: 'text', text: '{"city":"Recife"}' }])
  const output = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }
  const { text, error } = await hear(models, { models: [model], output, ...say('city?') })
  expect([text, error]).toEqual(['{"city":"Recife"}', undefined])
  expect(JSON.stringify(server.requests[0]?.body)).toContain(sign)
})

test('what came out of a cache costs less', async () => {
  const usage = { prompt_tokens: 1_000_000, completion_tokens: 0, cached_tokens: 400_000 }
  for (const [model, cost] of [
    ['openai/gpt-5-mini-2025-08-07', 0.6 * 0.25 + 0.4 * 0.025],
    ['anthropic/claude-haiku-4-5-20251001', 0.6 + 0.4 * 0.1],
    ['google/gemini-2.5-flash', 0.6 * 0.3 + 0.4 * 0.03],
    ['other/llama', null],
  ] as const) {
    const { models } = await startModels([{ kind: 'text', text: 'ok', usage }])
    const finish = (await hear(models, { models: [model], ...say('hi') })).parts.at(-1)
    if (finish?.type !== 'finish') throw new Error('no finish')
    expect(finish.cost?.toFixed(9)).toBe(cost?.toFixed(9))
  }
})

test('an operator adds models and changes what is known of them', async () => {
  const server = await startServer([{ ...ok, usage: { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 } }])
  const config = {
    ...allAt(server),
    LLM_MODELS: [
      { id: 'other/llama', prices: { input: 1, output: 2 } },
      { id: 'openai/gpt-5', prices: { input: 3, output: 4 } },
    ],
  }
  const models = createModels({ config, fetch })
  for (const [model, cost] of [
    ['other/llama', 3],
    ['openai/gpt-5', 7],
  ] as const) {
    const { parts } = await hear(models, { models: [model], ...say('hi') })
    expect(parts.at(-1)).toMatchObject({ type: 'finish', cost })
  }
})
