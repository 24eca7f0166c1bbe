import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'

/**
 * Deletes a variable. Runs that have begun keep the plain values that they started with; a secret is gone at once.
 *
 * @throws AppError `not_found`
 */
export async function deleteVariable(ctx: Ctx, id: string): Promise<void> {
  const { variables } = ctx.db.tables
  const deletion = ctx.db
    .delete(variables)
    .where(and(eq(variables.id, id), eq(variables.workspace_id, ctx.principal.workspaceId)))
    .returning({ id: variables.id })
  const deleted = await audited(ctx, deletion, { action: 'variable.deleted', resourceId: id })
  if (deleted.length === 0) throw new AppError('not_found')
}
