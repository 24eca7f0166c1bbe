import { z } from 'zod'
import { AnyJsonObject } from '#core/json'

/** `provider/model`. */
export const ModelReference = z
  .string()
  .max(200)
  .regex(/^[^/\s]+\/\S+$/)
  .describe('provider/model, e.g. openai/gpt-5-mini or demo/echo')

/** One of an agent's tools as it is stored; `src/tools/catalog.ts` knows the types and their configs. */
export const ToolSetting = z.object({
  type: z.string().min(1).max(100).describe('A type of the catalog, e.g. http_request'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional()
    .describe("What the model calls it; absent: the type's own name"),
  description: z.string().max(2_000).optional(),
  config: AnyJsonObject.default({}),
  needs_approval: z.boolean().default(false),
})
export type ToolSetting = z.infer<typeof ToolSetting>

export const AgentLimits = z.object({
  max_steps: z.int().min(1).max(50).default(10).describe('Answers of the model in one turn'),
  max_tokens_per_turn: z.int().min(1).nullable().default(null),
  max_cost_per_turn: z.number().positive().nullable().default(null).describe('US dollars'),
  max_cost_per_month: z.number().positive().nullable().default(null).describe('US dollars, calendar month in UTC'),
})
export type AgentLimits = z.infer<typeof AgentLimits>

export const AgentMemory = z.object({
  messages: z.int().min(1).max(500).default(50).describe('Latest messages that the model is given'),
  summarize: z.boolean().default(false).describe('Older ones are given as a summary'),
})
export type AgentMemory = z.infer<typeof AgentMemory>

/** All that a turn needs to know of its agent: taken from PostgreSQL when the turn begins, and kept with it. */
export const AgentSnapshot = z.object({
  /** Null: the workspace's default, no stored agent. */
  id: z.uuid().nullable(),
  name: z.string(),
  version: z.int().nullable(),
  /** The first is asked; the others stand in when it is not available. */
  models: z.tuple([ModelReference], ModelReference),
  instructions: z.string().describe('May hold {{ … }}'),
  temperature: z.number().min(0).max(2).nullable(),
  top_p: z.number().min(0).max(1).nullable(),
  max_tokens: z.int().min(1).nullable().describe('Of one answer'),
  tools: z.array(ToolSetting),
  memory: AgentMemory,
  output_schema: AnyJsonObject.nullable(),
  limits: AgentLimits,
})
export type AgentSnapshot = z.infer<typeof AgentSnapshot>
