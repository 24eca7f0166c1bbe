import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import { demoEcho } from '#llm/demo-echo'
import { streamText } from 'ai'
import { describe, expect, test } from 'vitest'

function user(text: string): LanguageModelV4Prompt[number] {
  return { role: 'user', content: [{ type: 'text', text }] }
}

async function answerTo(prompt: LanguageModelV4Prompt): Promise<string> {
  const { content } = await demoEcho.doGenerate({ prompt })
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

describe('demo/echo', () => {
  test.each(['olá', 'two  words,\n\na new line\tand tabs ', '', 'x'.repeat(20_000), '日本語 🙂 ação'])(
    'carries %j as it is and is at least as long',
    async (told) => {
      const text = await answerTo([user(told)])
      expect(text).toContain(told)
      expect(text.length).toBeGreaterThanOrEqual(told.length)
    },
  )

  test('answers the last thing that the user said', async () => {
    const text = await answerTo([
      { role: 'system', content: 'instructions' },
      user('first'),
      { role: 'assistant', content: [{ type: 'text', text: 'before' }] },
      user('second'),
    ])
    expect(text).toContain('second')
    expect(text).not.toMatch(/instructions|first|before/)
  })

  test('says in both languages what it is and how to get a real one', async () => {
    const text = await answerTo([])
    expect(text).toMatch(/Modelo de demonstração.*Demo model/)
    expect(text).toMatch(/configure um provedor.*configure a provider/)
  })

  test('counts words', async () => {
    const prompt: LanguageModelV4Prompt = [{ role: 'system', content: 'be kind' }, user('one two three')]
    const { usage } = await demoEcho.doGenerate({ prompt })
    const words = (await answerTo(prompt)).trim().split(/\s+/).length
    expect([usage.inputTokens.total, usage.outputTokens.total]).toEqual([5, words])
  })

  test('streams the same answer word by word', async () => {
    const result = streamText({ model: demoEcho, prompt: 'um dois três' })
    const pieces = await Array.fromAsync(result.textStream)
    expect(pieces.join('')).toBe(await answerTo([user('um dois três')]))
    expect(pieces.every((piece) => piece.trim().split(/\s+/).length === 1)).toBe(true)
    expect(await result.finishReason).toBe('stop')
  })

  test('stops when it is told to', async () => {
    const controller = new AbortController()
    const { stream } = await demoEcho.doStream({ prompt: [user('x')], abortSignal: controller.signal })
    const reader = stream.getReader()
    await reader.read()
    controller.abort(new Error('enough'))
    const drain = async (): Promise<void> => {
      while (!(await reader.read()).done);
    }
    await expect(drain()).rejects.toThrow('enough')
  })
})
