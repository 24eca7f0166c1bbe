import { and, eq, isNull } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'

/**
 * Takes an invitation back: its link opens nothing any more.
 *
 * @throws AppError `not_found`, also for one that was accepted
 */
export async function revokeInvitation(ctx: Ctx, id: string): Promise<void> {
  const { workspaceInvitations: invitations } = ctx.db.tables
  const isThis = and(eq(invitations.id, id), eq(invitations.workspace_id, ctx.principal.workspaceId))
  const deletion = ctx.db
    .delete(invitations)
    .where(and(isThis, isNull(invitations.accepted_at)))
    .returning({ id: invitations.id })
  const deleted = await audited(ctx, deletion, { action: 'invitation.revoked', resourceId: id })
  if (deleted.length === 0) throw new AppError('not_found')
}
