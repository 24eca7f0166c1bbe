import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'

/** @throws AppError `not_found` for an agent that is not the workspace's */
export async function refuseUnknownAgent(ctx: Ctx, agentId: string | null | undefined): Promise<void> {
  if (agentId == null) return
  const { agents } = ctx.db.tables
  const [found] = await ctx.db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.id, agentId), eq(agents.workspace_id, ctx.principal.workspaceId)))
  if (found === undefined) throw new AppError('not_found')
}
