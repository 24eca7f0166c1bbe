import { and, eq, inArray, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { type Member, TRANSFER_TO_ONESELF, type TransferInput } from '#core/workspace/member'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { hasRole } from './has-role.ts'
import { selectMember, toMember } from './to-member.ts'

/**
 * Makes another member an owner and the caller, who is one, an administrator. Personal workspaces have no other member.
 *
 * @returns the new owner
 * @throws AppError `not_found` for who is no member, `forbidden`
 */
export async function transferOwnership(ctx: Ctx, { user_id }: TransferInput): Promise<Member> {
  const { db } = ctx
  const { workspaceMembers: members } = db.tables
  const { workspaceId, userId } = ctx.principal
  if (user_id === userId)
    throw new AppError('validation_failed', { problems: [{ pointer: '/user_id', sentence: TRANSFER_TO_ONESELF }] })
  const isOwner = hasRole(db, workspaceId, userId, ['owner'])
  const isMember = hasRole(db, workspaceId, user_id, ['owner', 'admin', 'editor', 'viewer'])
  const isEither = and(eq(members.workspace_id, workspaceId), inArray(members.user_id, [userId, user_id]))
  const change = db
    .update(members)
    .set({ role: sql`case when ${members.user_id} = ${userId} then 'admin' else 'owner' end` })
    .where(and(isEither, isOwner, isMember))
    .returning({ id: members.user_id })
  const fact = { action: 'workspace.transferred', resourceId: workspaceId, details: { to: user_id } } as const
  const [, changed, [row]] = await db.batch([
    lockWorkspace(db, workspaceId),
    withLine(ctx, db, change, fact),
    selectMember(db, workspaceId, user_id),
  ])
  if (row === undefined) throw new AppError('not_found')
  if (changed.length === 0) throw new AppError('forbidden')
  recheckWorkspaces(ctx, [workspaceId], userId)
  return toMember(row)
}
