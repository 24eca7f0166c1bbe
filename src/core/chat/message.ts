/** A chat's messages. What an assistant said is its parts in order; `content` is the text of them. */
import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { Usage } from '#core/agent/model'
import { NodeError } from '#core/workflow/node-error'

const provider = AnyJsonObject.optional().describe("The provider's own, given back to it")

export const ToolError = z.object({ code: z.string(), message: z.string() })
export type ToolError = z.infer<typeof ToolError>

const call = { type: z.literal('tool'), call_id: z.string(), tool: z.string(), input: AnyJson, provider }

/** A tool's call: a field exists only where it is true. */
export const ToolPart = z.discriminatedUnion('state', [
  /** To be performed, or being performed. */
  z.object({ ...call, state: z.literal('called') }),
  /** A person is asked. */
  z.object({ ...call, state: z.literal('waiting'), asks: z.enum(['approval', 'answer']) }),
  z.object({ ...call, state: z.literal('completed'), output: AnyJson }),
  z.object({ ...call, state: z.literal('failed'), error: ToolError }),
  z.object({ ...call, state: z.literal('denied'), by: z.uuid().nullable(), comment: z.string().nullable() }),
])
export type ToolPart = z.infer<typeof ToolPart>

export const FilePart = z.object({
  type: z.literal('file'),
  file_id: z.uuid(),
  filename: z.string(),
  content_type: z.string(),
  size: z.int().min(0).describe('Bytes'),
})
export type FilePart = z.infer<typeof FilePart>

export const MessagePart = z.union([
  z.object({ type: z.literal('text'), text: z.string(), provider }),
  z.object({ type: z.literal('reasoning'), text: z.string(), provider }),
  FilePart,
  ToolPart,
  /** A text that did not follow the agent's schema, and what the model was told about it. */
  z.object({ type: z.literal('rejected'), text: z.string(), complaint: z.string() }),
  /** One answer of the model ends here; what follows comes from the next. */
  z.object({ type: z.literal('step') }),
])
export type MessagePart = z.infer<typeof MessagePart>

/**
 * `streaming`: being written. `waiting`: for a person. `stopped`: by a person. `interrupted`: by a crash; what had come is kept.
 */
export const MESSAGE_STATES = [
  'complete',
  'queued',
  'streaming',
  'waiting',
  'stopped',
  'interrupted',
  'failed',
] as const
export const MessageStatus = z.enum(MESSAGE_STATES)
export type MessageStatus = z.infer<typeof MessageStatus>

export const TurnCost = z.object({
  usage: Usage,
  cost: z.number().nullable().describe('US dollars; null where a price is not known'),
})
export type TurnCost = z.infer<typeof TurnCost>

/** The text of a message's parts, as older clients and plain models read it. */
export function textOf(parts: readonly MessagePart[]): string {
  return parts
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('')
    .trim()
}

/** A message of a chat, as clients see it and as its actor keeps it. */
export const ChatMessage = z.object({
  id: z.uuid(),
  chat_id: z.uuid(),
  turn_id: z.uuid().describe('The turn that it began, or that it is the answer of'),
  role: z.enum(['user', 'assistant']),
  status: MessageStatus,
  content: z.string().describe('The text of the parts'),
  parts: z.array(MessagePart),
  user_id: z.uuid().nullable().describe('Who said it; null for the assistant'),
  agent_id: z.uuid().nullable(),
  model: z.string().nullable().describe('Which one answered, e.g. demo/echo'),
  usage: Usage.nullable(),
  cost: z.number().nullable().describe('US dollars; null where a price is not known'),
  end_reason: z.string().nullable().describe('Why the answer ended: stop, length, max_steps, …'),
  error: NodeError.nullable(),
  metadata: AnyJsonObject.nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})
export type ChatMessage = z.infer<typeof ChatMessage>

/** Without what only providers read: signatures of thoughts and the like. */
export function toShown(message: ChatMessage): ChatMessage {
  return { ...message, parts: message.parts.map(withoutProvider) }
}

export function withoutProvider<T extends object>(part: T): T {
  if (!('provider' in part)) return part
  const { provider: _, ...rest } = part
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an optional field less
  return rest as T
}
