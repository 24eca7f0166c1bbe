/** What one call of a model took, as it is owed to the ledger. */
import { z } from 'zod'
import { Usage } from '#core/agent/model'

export const USAGE_SOURCES = ['execution', 'chat', 'agent', 'api'] as const
export const UsageSource = z.enum(USAGE_SOURCES)
export type UsageSource = z.infer<typeof UsageSource>

export const UsageEntry = z.object({
  /** Names the call within its workspace: the same key is counted once, however often it is recorded. */
  key: z.string().min(1),
  /** `provider/model`. */
  model: z.string(),
  usage: Usage,
  /** US dollars; null where no price is known. */
  cost: z.number().nullable(),
  /** Unix milliseconds. */
  at: z.number(),
  source: UsageSource,
  user_id: z.uuid().nullable(),
  execution_id: z.uuid().nullable().default(null),
  /** Of the execution. */
  workflow_id: z.uuid().nullish(),
  node_id: z.string().nullable().default(null),
  chat_id: z.uuid().nullable().default(null),
  agent_id: z.uuid().nullable().default(null),
})
export type UsageEntry = z.infer<typeof UsageEntry>
