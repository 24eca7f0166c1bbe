/** OpenAI's chat completions. */
import { z } from 'zod'
import { DEFAULT_USAGE, endOf, type ScriptedWire, type ScriptedUsage, wordsOf } from './reply.ts'

const Body = z.object({ model: z.string() })

export const openai: ScriptedWire = {
  readModel: (path, body) => (path.endsWith('/chat/completions') ? Body.safeParse(body).data?.model : undefined),

  toEvents(answer, model) {
    const { text, reasoning, calls, usage = DEFAULT_USAGE } = answer
    const base = { id: 'chatcmpl-scripted', object: 'chat.completion.chunk', created: 0, model }
    const chunk = (more: object): string => data({ ...base, ...more })
    const delta = (more: object): string =>
      chunk({ choices: [{ index: 0, delta: { role: 'assistant', ...more }, finish_reason: null }] })
    const end = endOf(answer)
    return [
      ...wordsOf(reasoning ?? '').map((reasoning_content) => delta({ reasoning_content })),
      ...wordsOf(text).map((content) => delta({ content })),
      ...calls.flatMap(({ id, name, input }, index) => {
        const [first, second] = inHalves(JSON.stringify(input))
        return [
          delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: first } }] }),
          delta({ tool_calls: [{ index, function: { arguments: second } }] }),
        ]
      }),
      ...(end === null ? [] : [chunk({ choices: [{ index: 0, delta: {}, finish_reason: end }] })]),
      ...(usage === null ? [] : [chunk({ choices: [], usage: toUsage(usage) })]),
      ...(end === null ? [] : ['data: [DONE]\n\n']),
    ]
  },

  toErrorEvent: (message) => data({ error: { message, type: 'server_error', code: null } }),
  toError: (_status, message) => JSON.stringify({ error: { message, type: 'scripted', code: null } }),
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

export function toUsage({ cached_tokens, ...usage }: ScriptedUsage): object {
  return { ...usage, ...(cached_tokens !== undefined && { prompt_tokens_details: { cached_tokens } }) }
}

export function inHalves(text: string): readonly [string, string] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}
