import { describe, expect, test } from 'vitest'
import type { ModelRequest } from '#core/workflow/node-type'
import type { Json } from '#lib/json'
import { llm } from '#nodes/llm'
import { fakePorts, perform } from './node-driver.ts'

const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }

async function ask(config: Json, input: Json = null) {
  const requests: ModelRequest[] = []
  const generate = (request: ModelRequest) => {
    requests.push(request)
    return Promise.resolve({ text: 'hi', usage, cost: 0.5, finish_reason: 'stop' as const, model: request.model })
  }
  const emission = await perform(llm, config, { input, ports: fakePorts({ generate }) })
  return { emission, request: requests[0] }
}

describe('llm', () => {
  test('asks with a prompt and gives text, usage and cost', async () => {
    const config = {
      model: 'demo/echo',
      prompt: 'About {{ $input.topic }}',
      system: 'Be brief',
      temperature: 0.5,
      max_tokens: 9,
    }
    const { emission, request } = await ask(config, { topic: 'tea' })
    expect(request).toMatchObject({
      model: 'demo/echo',
      prompt: 'About tea',
      system: 'Be brief',
      temperature: 0.5,
      maxTokens: 9,
    })
    expect(request?.messages).toBeUndefined()
    expect(emission).toEqual({
      output: { text: 'hi', usage, cost: 0.5, finish_reason: 'stop', model: 'demo/echo' },
      handles: ['out'],
    })
  })

  test('asks with messages', async () => {
    const messages = [{ role: 'user', content: '{{ $input }}' }]
    const { request } = await ask({ model: 'a/b/c:free', messages }, 'hello')
    expect(request).toMatchObject({ model: 'a/b/c:free', messages: [{ role: 'user', content: 'hello' }] })
    expect(request?.prompt).toBeUndefined()
  })

  test.each<Json>([
    { model: 'demo/echo' },
    { model: 'demo/echo', prompt: '' },
    { model: 'demo/echo', prompt: 'x', messages: [{ role: 'user', content: 'y' }] },
    { model: 'echo', prompt: 'x' },
    { model: 'demo/ ', prompt: 'x' },
    { model: 'demo/echo', messages: [] },
    { model: 'demo/echo', messages: [{ role: 'tool', content: 'x' }] },
    { model: 'demo/echo', prompt: 'x', temperature: 3 },
    { model: 'demo/echo', prompt: 'x', api_key: 'secret' },
  ])('refuses %j', async (config) => {
    await expect(ask(config)).rejects.toMatchObject({ name: 'ZodError' })
  })
})
