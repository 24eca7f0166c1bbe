/** A conversation as OpenAI's clients send it, as a model of ours reads it. */
import type { AssistantContent, ModelMessage, UserContent } from '#core/agent/model'
import { type Json, parseJson } from '#lib/json'
import type { CompletionInput, OpenAiMessage, OpenAiUserContent } from './input.ts'

export interface Conversation {
  /** What the client wants besides the agent's own instructions. */
  readonly instructions: string
  readonly history: readonly ModelMessage[]
}

/** An outcome of a call that the conversation does not have. */
export class UnknownCall extends Error {
  override readonly name = 'UnknownCall'
  readonly index: number

  constructor(index: number) {
    super('a tool message without its call')
    this.index = index
  }
}

/**
 * @param toContent what stands in a user's message; files are read by it
 * @throws UnknownCall, and what `toContent` throws
 */
export async function toConversation(
  { messages }: Pick<CompletionInput, 'messages'>,
  toContent: (content: OpenAiUserContent) => Promise<readonly UserContent[]>,
): Promise<Conversation> {
  const instructions: string[] = []
  const history: ModelMessage[] = []
  const names = new Map<string, string>()
  for (const [index, message] of messages.entries()) {
    switch (message.role) {
      case 'system':
      case 'developer':
        instructions.push(textOf(message.content))
        break
      case 'user':
        history.push({ role: 'user', content: await toContent(message.content) })
        break
      case 'assistant': {
        for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name)
        const content = toAssistant(message)
        if (content.length > 0) history.push({ role: 'assistant', content })
        break
      }
      case 'tool': {
        const { tool_call_id: callId } = message
        const tool = names.get(callId)
        if (tool === undefined) throw new UnknownCall(index)
        addResult(history, { callId, tool, output: toJson(textOf(message.content)), isError: false })
        break
      }
      default:
        message satisfies never
    }
  }
  return { instructions: instructions.join('\n\n'), history: withOutcomes(history) }
}

type Result = Extract<ModelMessage, { role: 'tool' }>['content'][number]

/** The outcomes of one answer's calls stand in one message. */
function addResult(history: ModelMessage[], result: Result): void {
  const last = history.at(-1)
  if (last?.role === 'tool') history.splice(-1, 1, { role: 'tool', content: [...last.content, result] })
  else history.push({ role: 'tool', content: [result] })
}

/** Providers refuse a call without an outcome: those that a client has left out are told as unanswered. */
function withOutcomes(history: readonly ModelMessage[]): readonly ModelMessage[] {
  return history.flatMap((message, index): ModelMessage[] => {
    if (message.role !== 'assistant') return [message]
    const calls = message.content.filter((part) => part.type === 'tool_call')
    const next = history[index + 1]
    if (calls.length === 0 || next?.role === 'tool') return [message]
    const output = { error: { code: 'unanswered', message: 'This call was never answered.' } }
    const content = calls.map(({ callId, tool }) => ({ callId, tool, output, isError: true }))
    return [message, { role: 'tool', content }]
  })
}

function toAssistant({ content, tool_calls: calls }: OpenAiMessage & { role: 'assistant' }): AssistantContent[] {
  const text = typeof content === 'string' ? content : (content ?? []).map(partText).join('')
  return [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...(calls ?? []).map((call) => ({
      type: 'tool_call' as const,
      callId: call.id,
      tool: call.function.name,
      input: toJson(call.function.arguments === '' ? '{}' : call.function.arguments),
    })),
  ]
}

function partText(part: { readonly text?: unknown; readonly refusal?: unknown }): string {
  return typeof part.text === 'string' ? part.text : String(part.refusal ?? '')
}

function textOf(content: string | readonly { readonly text: string }[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}

function toJson(text: string): Json {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
