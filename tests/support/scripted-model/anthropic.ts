/** Anthropic's messages. */
import { z } from 'zod'
import { inHalves } from './openai.ts'
import { DEFAULT_USAGE, endOf, type ScriptedWire, wordsOf } from './reply.ts'

const Body = z.object({ model: z.string() })
const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
}
/** What the provider signs its thoughts with, and wants to have back. */
export const SIGNATURE = 'scripted-signature'

export const anthropic: ScriptedWire = {
  readModel: (path, body) => (path.endsWith('/messages') ? Body.safeParse(body).data?.model : undefined),

  toEvents(answer, model) {
    const { text, reasoning, calls } = answer
    const usage = answer.usage ?? DEFAULT_USAGE
    const cached = usage.cached_tokens ?? 0
    const message = {
      id: 'msg_scripted',
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: usage.prompt_tokens - cached, output_tokens: 1, cache_read_input_tokens: cached },
    }
    const blocks = [
      ...(reasoning === undefined ? [] : [thinking(reasoning)]),
      ...(text === '' ? [] : [said(text)]),
      ...calls.map(called),
    ]
    const end = endOf(answer)
    return [
      event('message_start', { message }),
      event('ping', {}),
      ...blocks.flatMap(({ content_block, deltas }, index) => [
        event('content_block_start', { index, content_block }),
        ...deltas.map((delta) => event('content_block_delta', { index, delta })),
        event('content_block_stop', { index }),
      ]),
      ...(end === null
        ? []
        : [
            event('message_delta', {
              delta: { stop_reason: STOP_REASONS[end] ?? end, stop_sequence: null },
              usage: { output_tokens: usage.completion_tokens },
            }),
            event('message_stop', {}),
          ]),
    ]
  },

  toErrorEvent: (message) => event('error', { error: { type: 'overloaded_error', message } }),
  toError: (_status, message) => JSON.stringify({ type: 'error', error: { type: 'scripted_error', message } }),
}

function thinking(text: string) {
  const deltas = wordsOf(text).map((word) => ({ type: 'thinking_delta', thinking: word }))
  const signed = [...deltas, { type: 'signature_delta', signature: SIGNATURE }]
  return { content_block: { type: 'thinking', thinking: '', signature: '' }, deltas: signed }
}

function said(text: string) {
  const deltas = wordsOf(text).map((word) => ({ type: 'text_delta', text: word }))
  return { content_block: { type: 'text', text: '' }, deltas }
}

function called({ id, name, input }: { id: string; name: string; input: unknown }) {
  const deltas = inHalves(JSON.stringify(input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
  return { content_block: { type: 'tool_use', id, name, input: {} }, deltas }
}

function event(type: string, more: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
}
