import { and, eq } from 'drizzle-orm'
import type { Agent } from '#core/agent/agent'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { toAgent } from './to-agent.ts'

/**
 * Lets an agent take new turns, or none; turns that have begun go on.
 *
 * @throws AppError `not_found`
 */
export async function setAgentStatus(ctx: Ctx, id: string, status: Agent['status']): Promise<Agent> {
  const { agents } = ctx.db.tables
  const change = ctx.db
    .update(agents)
    .set({ status, updated_at: new Date(ctx.now()) })
    .where(and(eq(agents.id, id), eq(agents.workspace_id, ctx.principal.workspaceId)))
    .returning()
  const action = status === 'active' ? 'agent.activated' : 'agent.deactivated'
  const [row] = await audited(ctx, change, { action, resourceId: id })
  if (row === undefined) throw new AppError('not_found')
  return toAgent(row)
}
