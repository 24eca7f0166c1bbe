import {
  doublePrecision,
  index,
  integer,
  json,
  type pgSchema,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { AgentLimits, AgentMemory, ToolSetting } from '#core/agent/snapshot'
import type { JsonObject } from '#lib/json'
import { createdAt, ownedBy, type Owner } from './columns.ts'

/** What a version of an agent is made of: the same columns of the agent as it is and of each version of it. */
const settingColumns = () => ({
  /** `provider/model`. */
  model: text().notNull(),
  fallback_models: text().array().notNull(),
  instructions: text().notNull(),
  personality: text(),
  temperature: doublePrecision(),
  top_p: doublePrecision(),
  max_tokens: integer(),
  tools: json().$type<ToolSetting[]>().notNull(),
  memory: json().$type<AgentMemory>().notNull(),
  limits: json().$type<AgentLimits>().notNull(),
  output_schema: json().$type<JsonObject>(),
})

export function agentTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const agents = schema.table(
    'agents',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      /** Its name where other people's clients name a model; unique in the workspace. */
      slug: text().notNull(),
      name: text().notNull(),
      description: text(),
      /** A word of older clients; nothing follows from it. */
      agent_type: text(),
      tags: text().array().notNull(),
      status: text({ enum: ['active', 'inactive'] }).notNull(),
      ...settingColumns(),
      /** Counts what its settings have been; each is a row of `agent_versions`. */
      version: integer().notNull(),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      index('agents_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      uniqueIndex('agents_slug_key').on(t.workspace_id, t.slug),
    ],
  )

  /** Immutable: what an agent was, from its first settings to those of now. */
  const agentVersions = schema.table(
    'agent_versions',
    {
      agent_id: ownedBy(agents),
      version: integer().notNull(),
      workspace_id: uuid().notNull(),
      ...settingColumns(),
      created_by: uuid(),
      created_at: createdAt(),
    },
    (t) => [primaryKey({ columns: [t.agent_id, t.version] })],
  )
  return { agents, agentVersions }
}
