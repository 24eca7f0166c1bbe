import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'

/**
 * Deletes an agent and its versions. Chats with it stay; they take no new turns.
 *
 * @throws AppError `not_found`
 */
export async function deleteAgent(ctx: Ctx, id: string): Promise<void> {
  const { agents } = ctx.db.tables
  const deletion = ctx.db
    .delete(agents)
    .where(and(eq(agents.id, id), eq(agents.workspace_id, ctx.principal.workspaceId)))
    .returning({ id: agents.id })
  const deleted = await audited(ctx, deletion, { action: 'agent.deleted', resourceId: id })
  if (deleted.length === 0) throw new AppError('not_found')
}
