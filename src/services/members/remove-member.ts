import { and, eq, ne, notExists, or, sql } from 'drizzle-orm'
import { demand, demandSession } from '#services/auth/demand'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { explainRefusal } from './explain-refusal.ts'
import { hasOtherOwner, hasRole } from './has-role.ts'

/**
 * Takes a member out of the workspace, with the API keys that acted for them there. Whoever names oneself leaves, which
 * every role may. Only owners remove owners, and one always stays.
 *
 * @throws AppError `not_found`, `forbidden`, `last_owner`; `insufficient_scope` or `session_required` for an API key
 */
export async function removeMember(ctx: Ctx, userId: string): Promise<void> {
  const { db, principal } = ctx
  const { workspaceId, userId: callerId } = principal
  const isLeaving = userId === callerId
  // A key that may remove others is not to put its own maker out.
  if (isLeaving) demandSession(principal)
  else demand(principal, 'members:write')

  const { workspaceMembers: members, apiKeys } = db.tables
  const isOwner = hasRole(db, workspaceId, callerId, ['owner'])
  const isAdmin = hasRole(db, workspaceId, callerId, ['admin'])
  const isMember = and(eq(members.workspace_id, workspaceId), eq(members.user_id, userId))
  const mayGo = isLeaving ? undefined : or(isOwner, and(isAdmin, ne(members.role, 'owner')))
  const keepsOwner = or(ne(members.role, 'owner'), hasOtherOwner(db, workspaceId, userId))
  const removal = db
    .delete(members)
    .where(and(isMember, mayGo, keepsOwner))
    .returning({ id: members.user_id })
  const isStillThere = db
    .select({ one: sql`1` })
    .from(members)
    .where(isMember)
  const isTheirKey = and(eq(apiKeys.workspace_id, workspaceId), eq(apiKeys.user_id, userId))
  const [, removed] = await db.batch([
    lockWorkspace(db, workspaceId),
    withLine(ctx, db, removal, { action: isLeaving ? 'member.left' : 'member.removed', resourceId: userId }),
    // Else they would work again for whoever is invited again.
    db.delete(apiKeys).where(and(isTheirKey, notExists(isStillThere))),
  ])
  if (removed.length === 0) throw await explainRefusal(ctx, userId)
  recheckWorkspaces(ctx, [workspaceId], userId)
}
