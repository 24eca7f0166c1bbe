import type {
  LanguageModelV4,
  LanguageModelV4FinishReason,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider'

const BEFORE =
  '[demo/echo] Modelo de demonstração: repito palavra por palavra o que me disseram. / ' +
  'Demo model: I repeat word by word what I was told.'
const AFTER =
  'Para respostas de verdade, configure um provedor (OPENAI_API_KEY ou LLM_PROVIDERS). / ' +
  'For real answers configure a provider (OPENAI_API_KEY or LLM_PROVIDERS).'

const FINISHED: LanguageModelV4FinishReason = { unified: 'stop', raw: 'stop' }
const TEXT_ID = 'echo'

/**
 * The model that needs no key: it answers with the last thing that the user said, between a line that says what it is
 * and one that says how to get a real one. One word counts as one token. Temperature and the limit of tokens change
 * nothing: the answer always carries the whole of what it was told.
 */
export const demoEcho: LanguageModelV4 = {
  specificationVersion: 'v4',
  provider: 'demo',
  modelId: 'echo',
  supportedUrls: {},

  async doGenerate({ prompt, abortSignal }) {
    abortSignal?.throwIfAborted()
    const text = answer(prompt)
    return { content: [{ type: 'text', text }], finishReason: FINISHED, usage: countUsage(prompt, text), warnings: [] }
  },

  async doStream({ prompt, abortSignal }) {
    abortSignal?.throwIfAborted()
    const parts = toParts(prompt)
    const stream = new ReadableStream<LanguageModelV4StreamPart>({
      pull(controller) {
        const next = parts.next()
        if (abortSignal?.aborted === true) controller.error(abortSignal.reason)
        else if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
    })
    return { stream }
  },
}

function* toParts(prompt: LanguageModelV4Prompt): Generator<LanguageModelV4StreamPart> {
  const text = answer(prompt)
  yield { type: 'stream-start', warnings: [] }
  yield { type: 'text-start', id: TEXT_ID }
  for (const [word] of text.matchAll(/\S+\s*/g)) yield { type: 'text-delta', id: TEXT_ID, delta: word }
  yield { type: 'text-end', id: TEXT_ID }
  yield { type: 'finish', finishReason: FINISHED, usage: countUsage(prompt, text) }
}

function answer(prompt: LanguageModelV4Prompt): string {
  const told = prompt.findLast((message) => message.role === 'user') ?? prompt.at(-1)
  return [BEFORE, told === undefined ? '' : textOf(told), AFTER].join('\n\n')
}

function textOf({ content }: LanguageModelV4Prompt[number]): string {
  if (typeof content === 'string') return content
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function countUsage(prompt: LanguageModelV4Prompt, text: string): LanguageModelV4Usage {
  const input = prompt.reduce((sum, message) => sum + countWords(textOf(message)), 0)
  const output = countWords(text)
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  }
}

function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
