import { z } from 'zod'
import type { JsonObject } from '#lib/json'

/** What a workspace can be told of. */
export const EVENT_TYPES = [
  'execution.completed',
  'execution.failed',
  'chat.message',
  'file.uploaded',
  'budget.reached',
] as const
export const EventType = z.enum(EVENT_TYPES)
export type EventType = z.infer<typeof EventType>

/** What a person sends to see whether it arrives. */
export const TEST_EVENT = 'test'

/** Something that has happened. It says which things it concerns: what is in them the API tells who may read it. */
export interface WorkspaceEvent {
  /** The same for the same thing that happened, however often it is told: receivers know it by this (`webhook-id`). */
  readonly id: string
  readonly type: EventType | typeof TEST_EVENT
  /** Unix milliseconds. */
  readonly at: number
  readonly data: JsonObject
}

/** The body of a delivery, as Standard Webhooks has it. */
export function toPayload(workspaceId: string, { type, at, data }: WorkspaceEvent): JsonObject {
  return { type, timestamp: new Date(at).toISOString(), workspace_id: workspaceId, data }
}
