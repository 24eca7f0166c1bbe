/** Answers in the words of OpenAI's chat completions. */
import type { AgentEvent } from '#core/agent/event'
import type { TurnProgress } from '#core/agent/fold'
import type { Usage } from '#core/agent/model'
import type { TurnEnd } from '#core/agent/run-agent'
import { textOf, type ToolPart } from '#core/chat/message'
import type { JsonObject } from '#lib/json'

/** What all pieces of one answer say. */
export interface CompletionHead {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  readonly model: string
}

type Delta = { readonly role?: 'assistant'; readonly content?: string; readonly tool_calls?: JsonObject[] }

export function toChunk(head: CompletionHead, delta: Delta, finishReason: string | null = null): JsonObject {
  const choice = { index: 0, delta: { ...delta }, logprobs: null, finish_reason: finishReason }
  return { ...head, object: 'chat.completion.chunk', choices: [choice] }
}

/** The last chunk, for clients that ask for it. */
export function toUsageChunk(head: CompletionHead, usage: Usage): JsonObject {
  return { ...head, object: 'chat.completion.chunk', choices: [], usage: toUsage(usage) }
}

/** A call of the client's tool, as the `index`th of the answer. */
export function toCallDelta({ call_id, tool, input }: AgentEvent & { type: 'tool_called' }, index: number): Delta {
  return { tool_calls: [{ index, ...toCall({ call_id, tool, input }) }] }
}

export function toCompletion(head: CompletionHead, { parts, usage }: TurnProgress, end: TurnEnd): JsonObject {
  const calls = end.status === 'waiting' ? end.calls.map(toCall) : []
  const text = textOf(parts)
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: toFinishReason(end) }],
    usage: toUsage(usage),
  }
}

export function toFinishReason(end: TurnEnd): string {
  if (end.status === 'waiting') return 'tool_calls'
  if (end.reason === 'content_filter') return 'content_filter'
  return end.reason === 'length' || end.reason === 'max_tokens' ? 'length' : 'stop'
}

function toCall({ call_id: id, tool: name, input }: Pick<ToolPart, 'call_id' | 'tool' | 'input'>): JsonObject {
  // What was no JSON came as the text that it was.
  const given = typeof input === 'string' ? input : JSON.stringify(input)
  return { id, type: 'function', function: { name, arguments: given } }
}

function toUsage({ input_tokens, output_tokens, total_tokens }: Usage): JsonObject {
  return { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens }
}
