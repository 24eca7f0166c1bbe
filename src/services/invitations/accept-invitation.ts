import { and, eq, exists, isNotNull, not, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { InvitationToken } from '#core/workspace/invitation'
import type { Workspace } from '#core/workspace/workspace'
import { withLine } from '#services/audit/audit'
import { demandSession } from '#services/auth/demand'
import type { Ctx } from '#services/context'
import { getMe } from '#services/users/get-me'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { toWorkspace } from '#services/workspaces/to-workspace'
import { findInvitation } from './find-invitation.ts'
import { joinWorkspace } from './join-workspace.ts'

/**
 * Brings the caller into the workspace that a mailed link invites to. The link came by mail, so the address is confirmed
 * too. The invitation must be for the caller's own address.
 *
 * @throws AppError `invalid_token`; `session_required` for an API key
 */
export async function acceptInvitation(ctx: Ctx, { token }: InvitationToken): Promise<Workspace> {
  const { userId } = demandSession(ctx.principal)
  // The workspace is another than the request's: the token says which.
  const db = ctx.unscopedDb
  const { users, workspaces, workspaceMembers: members, workspaceInvitations: invitations } = db.tables
  const invitation = await findInvitation(ctx, token, (await getMe(ctx)).email)
  const isAccepted = db
    .select({ one: sql`1` })
    .from(invitations)
    .where(and(eq(invitations.id, invitation.id), isNotNull(invitations.accepted_at)))
  const isTheirs = and(eq(users.id, userId), sql`lower(${users.email}) = ${invitation.email}`)
  const verification = db
    .update(users)
    .set({ is_verified: true, updated_at: new Date(ctx.now()) })
    .where(and(isTheirs, not(users.is_verified), exists(isAccepted)))
    .returning({ id: users.id })
  const isMember = and(eq(members.workspace_id, workspaces.id), eq(members.user_id, userId))
  const [, , joined, , [found]] = await db.batch([
    db.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('no key update'),
    lockWorkspace(db, invitation.workspaceId),
    joinWorkspace(ctx, db, invitation, userId),
    withLine(ctx, db, verification, { action: 'account.email_verified', resourceId: userId }),
    db
      .select({ row: workspaces, role: members.role })
      .from(workspaces)
      .innerJoin(members, isMember)
      .where(eq(workspaces.id, invitation.workspaceId)),
  ])
  if (joined.length === 0 || found === undefined) throw new AppError('invalid_token')
  return toWorkspace(found.row, found.role)
}
