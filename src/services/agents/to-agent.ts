import type { Agent, AgentVersion } from '#core/agent/agent'
import type { Tables } from '#db/schema'

type AgentRow = Tables['agents']['$inferSelect']
type VersionRow = Omit<Tables['agentVersions']['$inferSelect'], 'workspace_id'>

/** A row as clients see it, with the words of older ones. */
export function toAgent(row: AgentRow): Agent {
  const { created_by: _, ...agent } = row
  const slash = row.model.indexOf('/')
  return {
    ...agent,
    model_provider: row.model.slice(0, slash),
    model_name: row.model.slice(slash + 1),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** A version as clients see it. */
export function toAgentVersion(row: VersionRow, currentVersion: number): AgentVersion {
  return { ...row, is_current: row.version === currentVersion, created_at: row.created_at.toISOString() }
}

/** The columns that both tables have: what a version keeps. */
export function settingColumns(table: Tables['agents'] | Tables['agentVersions']) {
  return {
    model: table.model,
    fallback_models: table.fallback_models,
    instructions: table.instructions,
    personality: table.personality,
    temperature: table.temperature,
    top_p: table.top_p,
    max_tokens: table.max_tokens,
    tools: table.tools,
    memory: table.memory,
    limits: table.limits,
    output_schema: table.output_schema,
  }
}
