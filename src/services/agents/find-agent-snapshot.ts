import { and, eq } from 'drizzle-orm'
import { AgentLimits, AgentMemory, type AgentSnapshot } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { monthCost } from '#services/usage/month-cost'

/** Of a request, or made by an actor for the workspace that it belongs to. */
export type AgentCtx = Pick<Ctx, 'db' | 'config'> & { readonly principal: Pick<Ctx['principal'], 'workspaceId'> }

/**
 * An agent as a new turn takes it, or for null the workspace's default.
 *
 * @param now Unix milliseconds: whose month counts
 * @throws AppError `not_found`; `agent_inactive`; `agent_budget_reached`
 */
export async function findAgentSnapshot(ctx: AgentCtx, id: string | null, now = Date.now()): Promise<AgentSnapshot> {
  if (id === null) return defaultAgent(ctx)
  const { agents } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(agents)
    .where(and(eq(agents.id, id), eq(agents.workspace_id, ctx.principal.workspaceId)))
  if (row === undefined) throw new AppError('not_found')
  const { name, version, temperature, top_p, max_tokens, tools, memory, limits, output_schema } = row
  if (row.status !== 'active') throw new AppError('agent_inactive', { params: { name } })
  const limit = limits.max_cost_per_month
  const left = limit === null ? null : limit - (await monthCost(ctx.db, ctx.principal.workspaceId, id, now))
  if (limit !== null && left !== null && left <= 0) {
    throw new AppError('agent_budget_reached', { params: { name, limit } })
  }
  const instructions = [row.instructions, row.personality ?? ''].filter((text) => text !== '').join('\n\n')
  return {
    id,
    name,
    version,
    models: [row.model, ...row.fallback_models],
    instructions,
    temperature,
    top_p,
    max_tokens,
    tools,
    memory,
    limits: within(limits, left),
    output_schema,
  }
}

/** A turn spends no more than what the month has left. */
function within(limits: AgentLimits, left: number | null): AgentLimits {
  if (left === null) return limits
  return { ...limits, max_cost_per_turn: Math.min(limits.max_cost_per_turn ?? Infinity, left) }
}

function defaultAgent({ config }: AgentCtx): AgentSnapshot {
  return {
    id: null,
    name: 'SynapScale',
    version: null,
    models: [config.DEFAULT_MODEL],
    instructions: '',
    temperature: null,
    top_p: null,
    max_tokens: null,
    tools: [],
    memory: AgentMemory.parse({}),
    limits: AgentLimits.parse({}),
    output_schema: null,
  }
}
