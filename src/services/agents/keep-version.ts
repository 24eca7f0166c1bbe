import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '#services/context'
import { settingColumns } from './to-agent.ts'

/** The statement that writes an agent's settings down under their number, unless they are there already. */
export function keepVersion(ctx: Ctx, agentId: string) {
  const { agents, agentVersions } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  return ctx.db
    .insert(agentVersions)
    .select((query) =>
      query
        .select({
          agent_id: agents.id,
          version: agents.version,
          workspace_id: agents.workspace_id,
          ...settingColumns(agents),
          created_by: sql`${userId}::uuid`.as('created_by'),
          created_at: agents.updated_at,
        })
        .from(agents)
        .where(and(eq(agents.id, agentId), eq(agents.workspace_id, workspaceId))),
    )
    .onConflictDoNothing()
}
