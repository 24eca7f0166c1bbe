import { and, eq, gt, isNull } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'

/**
 * Ends one of the caller's sessions at once.
 *
 * @throws AppError `not_found`, also for one that has ended and for somebody else's
 */
export async function revokeSession(ctx: Ctx, id: string): Promise<void> {
  const { sessions } = ctx.db.tables
  const at = new Date(ctx.now())
  const isOwn = and(eq(sessions.id, id), eq(sessions.user_id, ctx.principal.userId))
  // Sessions are of no workspace.
  const ending = ctx.unscopedDb
    .update(sessions)
    .set({ revoked_at: at, revoked_reason: 'logout' })
    .where(and(isOwn, isNull(sessions.revoked_at), gt(sessions.expires_at, at)))
    .returning({ id: sessions.id })
  const ended = await audited(ctx, ending, { action: 'session.revoked', resourceId: id }, ctx.unscopedDb)
  if (ended.length === 0) throw new AppError('not_found')
  recheckUser(ctx, ctx.principal.userId)
}
