import type { ModelsConfig } from '#llm/providers'
import { type AnyModels as Models, createModels } from '#llm/models'
import { parseAllowList } from '#outbound/allow-list'
import { createOutbound } from '#outbound/gate'
import { toFetch } from '#outbound/to-fetch'
import { afterEach, describe, expect, test } from 'vitest'
import { type Script, type ScriptedModel, startScriptedModel } from '#tests/support/scripted-model'

const KEY = 'sk-scripted-0123456789'
const NO_PROVIDERS: ModelsConfig = {
  OPENAI_BASE_URL: 'https://api.openai.com/v1',
  ANTHROPIC_BASE_URL: 'https://api.anthropic.com/v1',
  GOOGLE_BASE_URL: 'https://generativelanguage.googleapis.com/v1beta',
  LLM_PROVIDERS: [],
  LLM_MODELS: [],
}
const ASK = { model: 'openai/gpt-x', prompt: 'hello' } as const

const running: ScriptedModel[] = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())))

/** Models whose `openai` is a scripted server, reached by Node's own fetch. */
async function startModels(
  script: Script,
  more: Partial<ModelsConfig> = {},
): Promise<{ server: ScriptedModel; models: Models }> {
  const server = await startScriptedModel(script)
  running.push(server)
  const config = { ...NO_PROVIDERS, OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl, ...more }
  return { server, models: createModels({ config, fetch }) }
}

describe('generate', () => {
  test('asks and answers in one wire format', async () => {
    const { server, models } = await startModels([{ kind: 'text', text: 'hi there' }])
    const answer = await models.generate({ ...ASK, system: 'be kind', temperature: 0.2, maxTokens: 50 })
    expect(answer).toEqual({
      text: 'hi there',
      usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
      cost: null,
      finish_reason: 'stop',
      model: 'openai/gpt-x',
    })
    const [request] = server.requests
    expect(request?.path).toBe('/v1/chat/completions')
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(request?.body).toMatchObject({
      model: 'gpt-x',
      temperature: 0.2,
      max_tokens: 50,
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'hello' },
      ],
    })
  })

  test('takes messages, a system one among them', async () => {
    const { server, models } = await startModels([{ kind: 'text', text: 'ok' }])
    const messages = [
      { role: 'system', content: 'short answers' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'three' },
    ] as const
    await models.generate({ model: ASK.model, messages })
    expect(server.requests[0]?.body.messages).toEqual(messages)
  })

  test('says why it stopped, and counts nothing where the provider does not', async () => {
    const { models } = await startModels([{ kind: 'text', text: 'cut o', finishReason: 'length', usage: null }])
    const { finish_reason, usage } = await models.generate(ASK)
    expect(finish_reason).toBe('length')
    expect(usage).toEqual({ input_tokens: 0, output_tokens: 0, total_tokens: 0 })
  })

  test('a further provider, without a key, whose model names have slashes', async () => {
    const { server } = await startModels([{ kind: 'text', text: 'ok' }])
    const config = { ...NO_PROVIDERS, LLM_PROVIDERS: [{ id: 'openrouter', base_url: `${server.baseUrl}/` }] }
    const { model } = await createModels({ config, fetch }).generate({ ...ASK, model: 'openrouter/meta/llama' })
    expect(model).toBe('openrouter/meta/llama')
    expect(server.requests[0]).toMatchObject({ path: '/v1/chat/completions', body: { model: 'meta/llama' } })
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('demo/echo needs no provider at all', async () => {
    const models = createModels({ config: NO_PROVIDERS, fetch: () => Promise.reject(new Error('nothing may leave')) })
    const { text, finish_reason, usage } = await models.generate({ model: 'demo/echo', prompt: 'olá, mundo' })
    expect(text).toContain('olá, mundo')
    expect(finish_reason).toBe('stop')
    expect(usage.total_tokens).toBe(usage.input_tokens + usage.output_tokens)
  })
})

describe('what cannot be asked', () => {
  test.each(['gpt-x', '', '/', 'openai/', '/gpt', 'nobody/gpt', 'constructor/x', 'OpenAI/gpt'])(
    '%j names no provider',
    async (model) => {
      const config = { ...NO_PROVIDERS, LLM_PROVIDERS: [{ id: 'ollama', base_url: 'http://127.0.0.1:1/v1' }] }
      const asked = createModels({ config, fetch }).generate({ ...ASK, model })
      await expect(asked).rejects.toMatchObject({ code: 'model_unknown_provider', retryable: false, params: { model } })
      await expect(asked).rejects.toThrow(/demo, openai, anthropic, google, .*ollama/)
    },
  )

  test('a provider without its key', async () => {
    const asked = createModels({ config: NO_PROVIDERS, fetch }).generate(ASK)
    await expect(asked).rejects.toMatchObject({ code: 'model_not_configured', provider: 'openai', retryable: false })
    await expect(asked).rejects.toThrow('OPENAI_API_KEY')
  })

  test('another model of the demo, also where a provider calls itself demo', async () => {
    const config = { ...NO_PROVIDERS, LLM_PROVIDERS: [{ id: 'demo', base_url: 'http://127.0.0.1:1/v1' }] }
    const asked = createModels({ config, fetch }).generate({ ...ASK, model: 'demo/other' })
    await expect(asked).rejects.toMatchObject({ code: 'model_refused', provider: 'demo' })
  })
})

describe('what a provider answers instead', () => {
  test.each([
    [400, 'model_refused', false],
    [401, 'model_refused', false],
    [403, 'model_refused', false],
    [404, 'model_refused', false],
    [422, 'model_refused', false],
    [408, 'model_timeout', true],
    [425, 'model_unavailable', true],
    [429, 'model_unavailable', true],
    [500, 'model_unavailable', true],
    [503, 'model_unavailable', true],
    [504, 'model_timeout', true],
  ])('%i: %s, retryable %s', async (status, code, retryable) => {
    const { server, models } = await startModels([{ kind: 'error', status, message: 'because' }])
    const asked = models.generate(ASK)
    await expect(asked).rejects.toMatchObject({ name: 'ModelError', code, provider: 'openai', status, retryable })
    await expect(asked).rejects.toThrow(`HTTP ${status}: because`)
    expect(server.requests.length).toBe(1)
  })

  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
  ])('honours %j', async (headers, retryAfterMs) => {
    const { models } = await startModels([{ kind: 'error', status: 429, headers }])
    await expect(models.generate(ASK)).rejects.toMatchObject({ retryable: true, retryAfterMs })
  })

  test('never repeats the key, wherever the provider puts it', async () => {
    for (const body of [JSON.stringify({ error: { message: `Incorrect API key: ${KEY}` } }), `<p>${KEY}</p>`]) {
      const { models } = await startModels([{ kind: 'error', status: 401, body }])
      const error: unknown = await models.generate(ASK).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'model_refused', status: 401 })
      expect(JSON.stringify([error, String(error), Object.getOwnPropertyDescriptors(error)])).not.toContain(KEY)
      expect(String(error)).toContain('***')
    }
  })

  test.each(['no json', '{}', '{"choices":[]}', '{"choices":[{"message":{"content":7}}]}', '<html>login</html>', ''])(
    '%j is a bad answer',
    async (body) => {
      const { models } = await startModels([{ kind: 'raw', body }])
      await expect(models.generate(ASK)).rejects.toMatchObject({
        code: 'model_bad_answer',
        provider: 'openai',
        retryable: false,
      })
    },
  )

  test.each(['nothing', 'half'] as const)('a connection cut after %s is worth another attempt', async (after) => {
    const { models } = await startModels([{ kind: 'cut', after }])
    await expect(models.generate(ASK)).rejects.toMatchObject({ code: 'model_unavailable', retryable: true })
  })

  test('nobody there at all', async () => {
    const { server, models } = await startModels([{ kind: 'stall' }])
    await server.stop()
    running.pop()
    await expect(models.generate(ASK)).rejects.toMatchObject({ code: 'model_unavailable', retryable: true })
  })
})

describe('stopping', () => {
  test("the caller's abort comes through with its own reason", async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const { models } = await startModels(() => {
      queueMicrotask(() => controller.abort(reason))
      return { kind: 'stall' }
    })
    await expect(models.generate({ ...ASK, signal: controller.signal })).rejects.toBe(reason)
  })

  test('a time limit of the fetch is a timeout', async () => {
    const { server } = await startModels([{ kind: 'stall' }])
    const config = { ...NO_PROVIDERS, OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl }
    const impatient: typeof fetch = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(50) })
    const asked = createModels({ config, fetch: impatient }).generate(ASK)
    await expect(asked).rejects.toMatchObject({ code: 'model_timeout', retryable: true })
  })
})

describe('through the outbound gate', () => {
  function modelsBehindGate(server: ScriptedModel, allow: readonly string[], limits = {}): Models {
    const internal = { fetch: (request: Request) => fetch(request) }
    const outbound = createOutbound({ bindings: { OUTBOUND_INTERNAL: internal }, allow: parseAllowList(allow) })
    const config = { ...NO_PROVIDERS, OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl }
    return createModels({ config, fetch: toFetch(outbound, limits) })
  }

  test('an allow-listed provider answers', async () => {
    const { server } = await startModels([{ kind: 'text', text: 'hi' }])
    const { text } = await modelsBehindGate(server, ['127.0.0.1']).generate(ASK)
    expect(text).toBe('hi')
    expect(server.requests[0]?.body.messages).toEqual([{ role: 'user', content: 'hello' }])
  })

  test.each([
    ['an internal address', [], {}, { kind: 'text', text: 'x' }, 'outbound_not_allowed', false],
    ['too slow', ['127.0.0.1'], { timeoutMs: 50 }, { kind: 'stall' }, 'outbound_timeout', true],
    [
      'too large',
      ['127.0.0.1'],
      { maxBytes: 20 },
      { kind: 'text', text: 'much too long' },
      'outbound_too_large',
      false,
    ],
    [
      'too large, as an error',
      ['127.0.0.1'],
      { maxBytes: 20 },
      { kind: 'error', status: 500 },
      'outbound_too_large',
      false,
    ],
    ['cut', ['127.0.0.1'], {}, { kind: 'cut', after: 'half' }, 'outbound_network', true],
  ] as const)("the gate's own error comes through: %s", async (_what, allow, limits, reply, code, retryable) => {
    const { server } = await startModels([reply])
    const asked = modelsBehindGate(server, allow, limits).generate(ASK)
    await expect(asked).rejects.toMatchObject({ name: 'OutboundError', code, retryable })
  })
})
