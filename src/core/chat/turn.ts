/** What a chat's actor is told and keeps: turns, their events and who asks. */
import { z } from 'zod'
import { AgentEvent } from '#core/agent/event'
import { AgentSnapshot } from '#core/agent/snapshot'
import { AnyJson } from '#core/json'
import type { NodeError } from '#core/workflow/node-error'
import type { JsonObject } from '#lib/json'
import { ChatMessage, type FilePart } from './message.ts'

/** What never changes of a chat; its actor is told with every order, so that the first one makes it. */
export const ChatHeader = z.object({
  chatId: z.uuid(),
  workspaceId: z.uuid(),
  createdBy: z.uuid().nullable(),
})
export type ChatHeader = z.infer<typeof ChatHeader>

/** Something said in a chat. */
export interface SayOrder {
  /** The message's id, chosen before: a repeat says nothing new. */
  readonly id: string
  readonly userId: string
  readonly text: string
  readonly files: readonly FilePart[]
  readonly metadata: JsonObject | null
  readonly interrupt: boolean
  /** This message and all behind it are superseded by what is said now. */
  readonly instead?: string | undefined
}

/** `waiting`: for a person. `elsewhere`: performed by another actor, which tells its end. */
export const TURN_STATES = ['queued', 'running', 'waiting', 'elsewhere', 'over'] as const

/** The workflow that answers a turn, and the execution that does. */
export const TurnWorkflow = z.object({ id: z.uuid(), executionId: z.uuid() })

export const Turn = z.object({
  id: z.uuid(),
  state: z.enum(TURN_STATES),
  /** What was said. */
  userMessageId: z.uuid(),
  /** The answer. */
  messageId: z.uuid(),
  userId: z.uuid(),
  /** Who answers, taken when the turn begins: an agent or a workflow. */
  agent: AgentSnapshot.optional(),
  workflow: TurnWorkflow.optional(),
  speaker: z.object({ id: z.string(), name: z.string() }).optional(),
  /** The log's length when it began: what comes behind is its own. */
  beganAfter: z.int().optional(),
  /** How often it was taken up again after a crash. */
  recoveries: z.int(),
})
export type Turn = z.infer<typeof Turn>

const at = z.number().describe('Unix milliseconds')

/** The log of a chat. */
export const ChatEvent = z.discriminatedUnion('type', [
  /** A message as it stands from now on: said, answered, stopped, waiting. */
  z.object({ type: z.literal('message'), at, message: ChatMessage }),
  z.object({
    type: z.literal('turn_started'),
    at,
    turn_id: z.uuid(),
    reply_to: z.uuid(),
    message_id: z.uuid(),
    execution_id: z.uuid().optional(),
  }),
  z.object({ type: z.literal('delta'), at, message_id: z.uuid(), event: AgentEvent }),
  /** From this message on nothing stands any more. */
  z.object({ type: z.literal('superseded'), at, message_ids: z.array(z.uuid()) }),
  z.object({ type: z.literal('changed'), at, data: z.record(z.string(), AnyJson) }),
])
export type ChatEvent = z.infer<typeof ChatEvent>

/** Who answers a turn, and to whom. */
export type Answering = Pick<Turn, 'agent' | 'workflow'> & Required<Pick<Turn, 'speaker'>>

/** What an execution that answers a turn has come to. */
export type WorkflowAnswer =
  | { readonly status: 'complete'; readonly text: string }
  | { readonly status: 'failed'; readonly error: NodeError }
  /** It was cancelled. */
  | { readonly status: 'stopped' }

/** How a person decided a call. */
export interface Decision {
  readonly callId: string
  readonly by: string
  readonly approved: boolean
  readonly comment: string | null
  readonly answer?: z.infer<typeof AnyJson> | undefined
}

export type DecisionAnswer = 'applied' | 'decided' | 'unknown'

/** `full`: too many turns wait already. `unknown`: the message that it is to replace is not there. */
export type SayAnswer =
  /** What comes of it stands in the log behind `after`; undefined where the log has let go of it. */
  | { readonly status: 'said'; readonly message: ChatMessage; readonly after: number | undefined }
  | { readonly status: 'full' | 'unknown' }

/** Some of a chat's messages, in reading order; undefined where they are no longer with the actor. */
export interface SomeMessages {
  readonly total: number
  readonly items: readonly ChatMessage[] | undefined
}
