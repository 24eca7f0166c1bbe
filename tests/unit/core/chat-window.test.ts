import { expect, test } from 'vitest'
import type { ModelCall } from '#core/agent/model'
import { openWindow, type WindowMessage, windowTokens, withSummary } from '#core/chat/context-window'
import type { MessagePart } from '#core/chat/message'
import { summarize } from '#services/agents/summarize'

const said = (role: WindowMessage['role'], text: string): WindowMessage => ({ role, parts: [{ type: 'text', text }] })
const chat = (count: number): WindowMessage[] =>
  Array.from({ length: count }, (_, n) => said(n % 2 === 0 ? 'user' : 'assistant', `message ${n}`))
const called: MessagePart = {
  type: 'tool',
  state: 'completed',
  call_id: 'c',
  tool: 'sum',
  input: { a: 1 },
  output: 'x'.repeat(3_000),
}

test('the latest messages are given, and the rest is told apart', () => {
  const all = chat(9)
  const { kept, older } = openWindow(all, { messages: 5, tokens: 1_000 })
  expect(kept).toEqual(all.slice(4))
  expect(older).toEqual(all.slice(0, 4))
})

test('what is given begins with the person, also when the count says otherwise', () => {
  expect(openWindow(chat(9), { messages: 4, tokens: 1_000 }).kept).toHaveLength(3)
  expect(openWindow(chat(1), { messages: 4, tokens: 1_000 }).kept).toHaveLength(1)
  expect(openWindow([], { messages: 4, tokens: 1_000 })).toEqual({ kept: [], older: [] })
})

test('a context that is too small takes fewer, never half a call, and always the last message', () => {
  const all = [said('user', 'a'), { role: 'assistant' as const, parts: [called] }, said('user', 'b')]
  expect(openWindow(all, { messages: 50, tokens: 2_000 }).kept).toEqual(all)
  expect(openWindow(all, { messages: 50, tokens: 500 }).kept).toEqual(all.slice(2))
  expect(openWindow(all, { messages: 50, tokens: 0 }).kept).toEqual(all.slice(2))
})

test('instructions, tools and the answer take their part of the context', () => {
  const whole = windowTokens({ contextTokens: 100_000 })
  const told = { contextTokens: 100_000, instructions: 'x'.repeat(30_000), maxTokens: 20_000 }
  expect(whole - windowTokens(told)).toBe(10_000 + 20_000 - 4_096)
  expect(windowTokens({ contextTokens: 1_000 })).toBe(0)
  expect(windowTokens({ contextTokens: null })).toBeGreaterThan(20_000)
})

test('the older ones are summed up by a model, in a bounded call, and stand first', async () => {
  const calls: ModelCall[] = []
  const models = {
    async *stream(call: ModelCall) {
      calls.push(call)
      yield { type: 'text' as const, text: ' Ana wants bread. ' }
      const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
      yield { type: 'finish' as const, reason: 'stop' as const, usage, cost: 0.1, model: 'a/b' }
    },
  }
  const older = [said('user', 'x'.repeat(1_000_000)), { role: 'assistant' as const, parts: [called] }]
  const summary = await summarize(models, ['a/b'], { previous: 'Before.', older }, new AbortController().signal)
  expect(summary).toEqual({ text: 'Ana wants bread.', usage: expect.any(Object), cost: 0.1 })
  const asked = JSON.stringify(calls[0]?.messages)
  expect(asked).toContain('Before.')
  expect(asked).toContain('sum')
  expect(asked.length).toBeLessThan(8_000)
  expect(withSummary(summary.text, [])).toMatchObject([{ role: 'user' }])
  expect(withSummary(null, [])).toEqual([])
})
