import { and, eq } from 'drizzle-orm'
import { hashOneTimeToken } from '#auth/one-time-token'
import { joinName } from '#core/auth/names'
import { AppError } from '#core/errors'
import type { InvitationPreview, InvitationToken } from '#core/workspace/invitation'
import type { PublicCtx } from '#services/context'
import { isOpen } from './is-open.ts'

/**
 * What an invitation says, for whoever holds its link: nothing of whether the address has an account.
 *
 * @throws AppError `invalid_token`
 */
export async function previewInvitation(ctx: PublicCtx, { token }: InvitationToken): Promise<InvitationPreview> {
  const { workspaceInvitations: invitations, workspaces, users } = ctx.db.tables
  const [found] = await ctx.db
    .select({ invitation: invitations, workspace: workspaces.name, inviter: users })
    .from(invitations)
    .innerJoin(workspaces, eq(workspaces.id, invitations.workspace_id))
    .leftJoin(users, eq(users.id, invitations.invited_by))
    .where(and(eq(invitations.token_hash, hashOneTimeToken(token)), isOpen(ctx.db, new Date(ctx.now()))))
  if (found === undefined) throw new AppError('invalid_token')
  const { invitation, workspace, inviter } = found
  return {
    workspace_name: workspace,
    invited_by: inviter === null ? null : joinName(inviter),
    email: invitation.email,
    role: invitation.role,
    expires_at: invitation.expires_at.toISOString(),
  }
}
