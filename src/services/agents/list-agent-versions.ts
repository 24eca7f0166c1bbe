import { and, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import type { AgentVersion } from '#core/agent/agent'
import { AppError } from '#core/errors'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { toAgentVersion } from './to-agent.ts'

/**
 * What an agent has been, newest first.
 *
 * @throws AppError `not_found`
 */
export async function listAgentVersions(ctx: Ctx, agentId: string, paging: Paging): Promise<Page<AgentVersion>> {
  const { agents, agentVersions: versions } = ctx.db.tables
  const wanted = and(eq(versions.agent_id, agentId), eq(versions.workspace_id, ctx.principal.workspaceId))
  const { workspace_id: _, ...columns } = getTableColumns(versions)
  const [agent] = await ctx.db
    .select({ version: agents.version, total: sql`${ctx.db.$count(versions, wanted)}`.mapWith(Number) })
    .from(agents)
    .where(and(eq(agents.id, agentId), eq(agents.workspace_id, ctx.principal.workspaceId)))
  if (agent === undefined) throw new AppError('not_found')
  const rows = await ctx.db
    .select(columns)
    .from(versions)
    .where(wanted)
    .orderBy(desc(versions.version))
    .limit(paging.size)
    .offset((paging.page - 1) * paging.size)
  return toPage(
    rows.map((row) => toAgentVersion(row, agent.version)),
    agent.total,
    paging,
  )
}
