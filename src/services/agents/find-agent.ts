import { and, eq } from 'drizzle-orm'
import type { Agent } from '#core/agent/agent'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { toAgent } from './to-agent.ts'

/** @throws AppError `not_found`, also for another workspace's */
export async function findAgent(ctx: Ctx, id: string): Promise<Agent> {
  const { agents } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(agents)
    .where(and(eq(agents.id, id), eq(agents.workspace_id, ctx.principal.workspaceId)))
  if (row === undefined) throw new AppError('not_found')
  return toAgent(row)
}
