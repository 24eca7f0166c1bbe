import { and, arrayContains, desc, eq, ilike, or, sql } from 'drizzle-orm'
import type { Agent, AgentFilter } from '#core/agent/agent'
import { type Page, type Paging, toPage } from '#core/page'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { toAgent } from './to-agent.ts'

/** The workspace's agents, newest first: rows and count in one statement. */
export async function listAgents(ctx: Ctx, filter: AgentFilter & Paging): Promise<Page<Agent>> {
  const { agents } = ctx.db.tables
  const { search, status, tag, agent_type, page, size } = filter
  const wanted = and(
    eq(agents.workspace_id, ctx.principal.workspaceId),
    search === undefined
      ? undefined
      : or(ilike(agents.name, containing(search)), ilike(agents.description, containing(search))),
    status === undefined ? undefined : eq(agents.status, status),
    tag === undefined ? undefined : arrayContains(agents.tags, [tag]),
    agent_type === undefined ? undefined : eq(agents.agent_type, agent_type),
  )
  const total = ctx.db.$count(agents, wanted)
  const rows = await ctx.db
    .select({ row: agents, total: sql`${total}`.mapWith(Number) })
    .from(agents)
    .where(wanted)
    .orderBy(desc(agents.created_at), desc(agents.id))
    .limit(size)
    .offset((page - 1) * size)
  // Behind the last page no row carries the count.
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toAgent(row)),
    count,
    filter,
  )
}
