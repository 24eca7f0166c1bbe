import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { Attachments } from './attachment.ts'
import { ChatMessage } from './message.ts'

/** Far more than anybody types; a document is an attachment. */
export const MAX_MESSAGE_CHARS = 200_000
const MAX_TITLE_CHARS = 200

/** `private`: its creator's alone. `workspace`: every member sees it, and those who may write chats speak in it. */
export const Visibility = z.enum(['private', 'workspace'])
export type Visibility = z.infer<typeof Visibility>

/** A chat's last message as a list shows it: its beginning. */
export const LastMessage = ChatMessage.pick({ id: true, role: true, status: true, content: true, created_at: true })
export type LastMessage = z.infer<typeof LastMessage>

const LAST_CHARS = 500

export function toLast({ id, role, status, content, created_at }: ChatMessage): LastMessage {
  return { id, role, status, content: content.slice(0, LAST_CHARS), created_at }
}

const Title = z.string().trim().min(1).max(MAX_TITLE_CHARS)

export const Chat = z
  .object({
    id: z.uuid(),
    title: z.string().nullable().describe('Made of the first message when nobody gave one'),
    agent_id: z.uuid().nullable().describe("Who answers; null, and no workflow: the workspace's default"),
    workflow_id: z.uuid().nullable().describe('A workflow answers, from its `trigger.chat`'),
    visibility: Visibility,
    is_archived: z.boolean(),
    created_by: z.uuid().nullable(),
    message_count: z.int(),
    last_message: LastMessage.nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Chat' })
export type Chat = z.infer<typeof Chat>

const fields = {
  title: Title.nullable(),
  agent_id: z.uuid().nullable(),
  workflow_id: z.uuid().nullable(),
  visibility: Visibility,
}

const ONE_ANSWERS = {
  path: ['workflow_id'],
  params: {
    sentence: {
      pt: 'Ou um agente responde, ou um workflow: mande só um dos dois.',
      en: 'Either an agent answers or a workflow: send one of the two.',
    },
  },
}

function hasOneAnswerer(chat: { readonly agent_id?: string | null; readonly workflow_id?: string | null }): boolean {
  return chat.agent_id == null || chat.workflow_id == null
}

export const ChatInput = z
  .strictObject({
    title: fields.title.default(null),
    agent_id: fields.agent_id.default(null),
    workflow_id: fields.workflow_id.default(null),
    visibility: fields.visibility.default('private'),
  })
  .refine(hasOneAnswerer, ONE_ANSWERS)
  .meta({ id: 'ChatInput' })
export type ChatInput = z.infer<typeof ChatInput>

export const ChatPatch = z
  .strictObject({ ...fields, is_archived: z.boolean() })
  .partial()
  .refine(hasOneAnswerer, ONE_ANSWERS)
  .meta({ id: 'ChatPatch' })
export type ChatPatch = z.infer<typeof ChatPatch>

export const ChatTitle = z.strictObject({ title: fields.title }).partial()

export const ChatFilter = z.object({
  search: z.string().max(200).optional().describe('In titles and in what was said'),
  agent_id: z.uuid().optional(),
  workflow_id: z.uuid().optional(),
  archived: z.stringbool().default(false),
})
export type ChatFilter = z.infer<typeof ChatFilter>

/** What a person says. `message` is what older clients call `content`. */
export const MessageInput = z
  .strictObject({
    content: z.string().max(MAX_MESSAGE_CHARS).optional(),
    message: z.string().max(MAX_MESSAGE_CHARS).optional(),
    attachments: Attachments.nullish(),
    metadata: AnyJsonObject.nullish(),
    interrupt: z.boolean().default(false).describe('Ends the turn that is under way instead of waiting for its end'),
  })
  .meta({ id: 'ChatMessageInput' })
export type MessageInput = z.infer<typeof MessageInput>

/** How a person answers a call of a tool that asked. */
export const CallDecision = z
  .strictObject({
    approved: z.boolean().default(true),
    comment: z.string().max(2_000).nullable().default(null),
    answer: z.unknown().optional().describe('To a tool that asked for an answer'),
  })
  .meta({ id: 'ChatCallDecision' })
export type CallDecision = z.infer<typeof CallDecision>

const SHORT_TITLE_CHARS = 60

/** A title out of what was said first; undefined where nothing was said in words. */
export function titleFrom(text: string): string | undefined {
  // PostgreSQL's text takes no NUL.
  const line = text.replaceAll('\0', '').trim().split(/\s*\n/, 1).join('').replaceAll(/\s+/g, ' ')
  if (line === '') return undefined
  if (line.length <= SHORT_TITLE_CHARS) return line
  const cut = line.slice(0, SHORT_TITLE_CHARS).replace(/\s+\S*$/, '')
  // Half a surrogate pair at the end would be no text.
  return `${cut.replace(/[\uD800-\uDBFF]$/, '')}…`
}
