/** Which messages of a chat a model is given: the latest, as many as the memory says and its context holds. */
import type { ModelMessage, ToolSpec } from '#core/agent/model'
import { MAX_MODEL_FILE_BYTES } from '#core/files/model-file'
import { isTextType } from '#core/files/kinds'
import type { FilePart, MessagePart } from './message.ts'

export interface WindowMessage {
  readonly role: 'user' | 'assistant' | 'system'
  /** Calls of tools stand beside their outcomes here, so that whole messages never part them. */
  readonly parts: readonly MessagePart[]
}

export interface WindowLimits {
  /** The latest messages that are given; `memory.messages`. */
  readonly messages: number
  /** Tokens that they may take, e.g. of `windowTokens`. */
  readonly tokens: number
}

/** The messages that are given, and those before them, both in order. */
export interface ContextWindow<Message> {
  readonly kept: readonly Message[]
  readonly older: readonly Message[]
}

/**
 * Cuts a chat in two. The last message is always given; the first that is given is never an assistant's, since providers
 * want a conversation to begin with the person.
 */
export function openWindow<Message extends WindowMessage>(
  messages: readonly Message[],
  limits: WindowLimits,
): ContextWindow<Message> {
  let first = Math.max(0, messages.length - 1)
  let tokens = tokensOf(messages[first])
  while (first > 0 && messages.length - first < limits.messages) {
    tokens += tokensOf(messages[first - 1])
    if (tokens > limits.tokens) break
    first -= 1
  }
  while (first < messages.length - 1 && messages[first]?.role === 'assistant') first += 1
  return { kept: messages.slice(first), older: messages.slice(0, first) }
}

const SUMMARY_HEAD = 'What was said before in this conversation, in short:'

/** The messages with the summary of the older ones as their first. */
export function withSummary(summary: string | null, messages: readonly ModelMessage[]): readonly ModelMessage[] {
  if (summary === null || summary === '') return messages
  return [{ role: 'user', content: [{ type: 'text', text: `${SUMMARY_HEAD}\n${summary}` }] }, ...messages]
}

/** Kept free for the answer where the agent says nothing. */
const ANSWER_TOKENS = 4_096
/** Models whose context is not known have this much, at least. */
const UNKNOWN_CONTEXT_TOKENS = 32_000
/** An estimate is wrong by so much at times. */
const SHARE = 0.9

/** Tokens that a model has for the messages of a chat, beside instructions, tools and its answer. */
export function windowTokens(model: {
  /** Of its context; null where it is not known. */
  readonly contextTokens: number | null
  readonly maxTokens?: number | null | undefined
  readonly instructions?: string | undefined
  readonly tools?: readonly ToolSpec[] | undefined
}): number {
  const { contextTokens, maxTokens, instructions = '', tools = [] } = model
  const told = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
  const taken = (maxTokens ?? ANSWER_TOKENS) + textTokens(instructions) + textTokens(JSON.stringify(told))
  return Math.max(0, Math.floor((contextTokens ?? UNKNOWN_CONTEXT_TOKENS) * SHARE) - taken)
}

const MESSAGE_TOKENS = 8
/** Providers scale pictures down to about this. */
const IMAGE_TOKENS = 1_600

function tokensOf(message: WindowMessage | undefined): number {
  return (message?.parts ?? []).reduce((sum, part) => sum + partTokens(part), MESSAGE_TOKENS)
}

function partTokens(part: MessagePart): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return textTokens(part.text)
    case 'file':
      return fileTokens(part)
    case 'tool': {
      const outcome = part.state === 'completed' ? part.output : part.state === 'failed' ? part.error : ''
      return textTokens(part.tool) + textTokens(JSON.stringify(part.input)) + textTokens(JSON.stringify(outcome))
    }
    case 'rejected':
      return textTokens(part.text) + textTokens(part.complaint)
    case 'step':
      return 0
    default:
      return part satisfies never
  }
}

/** Of a PDF providers read pages, and how large its bytes are says little of them. */
const PDF_BYTES_PER_TOKEN = 50
const NOTE_TOKENS = 60

function fileTokens({ content_type: type, size }: FilePart): number {
  if (size > MAX_MODEL_FILE_BYTES) return NOTE_TOKENS
  if (isTextType(type)) return Math.ceil(size / 3)
  if (type.startsWith('image/')) return IMAGE_TOKENS
  return type === 'application/pdf' ? Math.ceil(size / PDF_BYTES_PER_TOKEN) : NOTE_TOKENS
}

/** Rather too many than too few: a token is three or four letters of English, and fewer of most other languages. */
function textTokens(text: string): number {
  return Math.ceil(text.length / 3)
}
