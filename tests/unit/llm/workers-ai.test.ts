import { expect, test } from 'vitest'
import { createModels } from '#llm/models'
import { hear, NO_PROVIDERS, say } from './support.ts'

const nowhere: typeof fetch = () => Promise.reject(new Error('nothing may leave'))

/** The binding as Cloudflare has it: a stream of server-sent events. */
function bindingThat(answer: () => Response | Promise<never>) {
  const asked: unknown[] = []
  const run = async (model: string, inputs: unknown) => {
    asked.push({ model, inputs })
    return (await answer()).body
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a binding has much more than a model needs
  return { binding: { run } as unknown as Ai, asked }
}

test('a model of Workers AI is asked through the binding', async () => {
  const events = [
    { response: 'one ' },
    { response: 'two' },
    { response: '', usage: { prompt_tokens: 3, completion_tokens: 2 } },
  ]
  const body = [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'].join('')
  const { binding, asked } = bindingThat(() => new Response(body))
  const models = createModels({ config: NO_PROVIDERS, fetch: nowhere, workersAi: binding })
  const { text, parts, error } = await hear(models, {
    models: ['workers-ai/@cf/meta/llama-3.1-8b-instruct'],
    ...say('hi'),
  })
  expect([text, error]).toEqual(['one two', undefined])
  expect(parts.at(-1)).toMatchObject({ reason: 'stop', usage: { input_tokens: 3, output_tokens: 2 } })
  expect(asked[0]).toMatchObject({ model: '@cf/meta/llama-3.1-8b-instruct' })
})

test('its errors say who refused what, and another model stands in', async () => {
  const { binding } = bindingThat(() => Promise.reject(new Error('3040: Capacity temporarily exceeded')))
  const models = createModels({ config: NO_PROVIDERS, fetch: nowhere, workersAi: binding })
  const { error } = await hear(models, { models: ['workers-ai/@cf/x'], ...say('hi') })
  expect(error).toMatchObject({ name: 'ModelError', provider: 'workers-ai' })
  expect(String(error)).toContain('Capacity temporarily exceeded')
  const { text } = await hear(models, { models: ['workers-ai/@cf/x', 'demo/echo'], ...say('hi') })
  expect(text).toContain('hi')
})

test('without the binding there is no such provider', async () => {
  const models = createModels({ config: NO_PROVIDERS, fetch: nowhere })
  const { error } = await hear(models, { models: ['workers-ai/@cf/x'], ...say('hi') })
  expect(error).toMatchObject({ code: 'model_unknown_provider' })
})
