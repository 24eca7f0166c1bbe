import { and, eq, ne, or, sql } from 'drizzle-orm'
import type { Member, MemberPatch } from '#core/workspace/member'
import { withLine } from '#services/audit/audit'
import { demand } from '#services/auth/demand'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { explainRefusal } from './explain-refusal.ts'
import { hasOtherOwner, hasRole } from './has-role.ts'
import { selectMember, toMember } from './to-member.ts'

/**
 * Gives a member another role. Only owners make owners or change them, and one always stays.
 *
 * @throws AppError `not_found`, `forbidden`, `last_owner`; `insufficient_scope` for an API key
 */
export async function changeRole(ctx: Ctx, userId: string, { role }: MemberPatch): Promise<Member> {
  const { db } = ctx
  // Else a key for managing members could hand the workspace over.
  if (role === 'owner') demand(ctx.principal, 'workspace:transfer')
  const { workspaceMembers: members } = db.tables
  const { workspaceId, userId: callerId } = ctx.principal
  const isOwner = hasRole(db, workspaceId, callerId, ['owner'])
  const isAdmin = hasRole(db, workspaceId, callerId, ['admin'])
  const isNoOwners = and(ne(members.role, 'owner'), role === 'owner' ? sql`false` : undefined)
  const keepsOwner =
    role === 'owner' ? undefined : or(ne(members.role, 'owner'), hasOtherOwner(db, workspaceId, userId))
  const change = db
    .update(members)
    .set({ role })
    .where(
      and(
        eq(members.workspace_id, workspaceId),
        eq(members.user_id, userId),
        or(isOwner, and(isAdmin, isNoOwners)),
        keepsOwner,
      ),
    )
    .returning({ id: members.user_id })
  const [, changed, [row]] = await db.batch([
    lockWorkspace(db, workspaceId),
    withLine(ctx, db, change, { action: 'member.role_changed', resourceId: userId, details: { role } }),
    selectMember(db, workspaceId, userId),
  ])
  if (changed.length === 0 || row === undefined) throw await explainRefusal(ctx, userId, role)
  recheckWorkspaces(ctx, [workspaceId], userId)
  return toMember(row)
}
