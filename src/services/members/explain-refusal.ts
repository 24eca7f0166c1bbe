import { and, eq, inArray } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { WorkspaceRole } from '#core/principal'
import type { Ctx } from '#services/context'
import { MANAGERS } from './has-role.ts'

/**
 * Why a change of a member did not happen, as things stand now.
 *
 * @param role what the member was to become; without it the member was to go
 */
export async function explainRefusal(ctx: Ctx, userId: string, role?: WorkspaceRole): Promise<AppError> {
  const { workspaces, workspaceMembers: members } = ctx.db.tables
  const { workspaceId, userId: callerId } = ctx.principal
  const rows = await ctx.db
    .select({ userId: members.user_id, role: members.role, workspace: workspaces.name })
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspace_id))
    .where(and(eq(members.workspace_id, workspaceId), inArray(members.user_id, [callerId, userId])))
  const caller = rows.find((row) => row.userId === callerId)
  const target = rows.find((row) => row.userId === userId)
  if (caller === undefined || target === undefined) return new AppError('not_found')
  const isManager = MANAGERS.some((manager) => manager === caller.role)
  const isLeaving = role === undefined && userId === callerId
  const isOwners = target.role === 'owner' || role === 'owner'
  if (!isLeaving && (!isManager || (isOwners && caller.role !== 'owner'))) return new AppError('forbidden')
  return new AppError('last_owner', { params: { workspaces: target.workspace } })
}
