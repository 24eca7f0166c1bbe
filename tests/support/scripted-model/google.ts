/** Google's Gemini: `models/{model}:streamGenerateContent?alt=sse`. */
import { DEFAULT_USAGE, endOf, type ScriptedWire, wordsOf } from './reply.ts'

const FINISH_REASONS: Readonly<Record<string, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  content_filter: 'SAFETY',
}
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
}
/** What the provider signs its calls with, and wants to have back. */
export const THOUGHT = 'c2NyaXB0ZWQ='

export const google: ScriptedWire = {
  readModel: (path) => /\/models\/([^/:]+):(?:stream)?[gG]enerateContent/.exec(path)?.[1],

  toEvents(answer) {
    const { text, reasoning, calls } = answer
    const usage = answer.usage ?? DEFAULT_USAGE
    const chunk = (parts: readonly object[], more: object = {}, top: object = {}): string =>
      data({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], ...top })
    const end = endOf(answer)
    return [
      ...wordsOf(reasoning ?? '').map((word) => chunk([{ text: word, thought: true }])),
      ...wordsOf(text).map((word) => chunk([{ text: word }])),
      ...calls.map(({ name, input }) => chunk([{ functionCall: { name, args: input }, thoughtSignature: THOUGHT }])),
      ...(end === null
        ? []
        : [
            chunk(
              [],
              { finishReason: FINISH_REASONS[end] ?? end },
              {
                usageMetadata: {
                  promptTokenCount: usage.prompt_tokens,
                  candidatesTokenCount: usage.completion_tokens,
                  totalTokenCount: usage.prompt_tokens + usage.completion_tokens,
                  cachedContentTokenCount: usage.cached_tokens,
                },
              },
            ),
          ]),
    ]
  },

  toErrorEvent: (message) => data({ error: { code: 503, message, status: 'UNAVAILABLE' } }),
  toError: (status, message) =>
    JSON.stringify({ error: { code: status, message, status: STATUSES[status] ?? 'INTERNAL' } }),
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
