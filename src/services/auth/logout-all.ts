import { and, eq, isNull } from 'drizzle-orm'
import { LOGGED_OUT_EVERYWHERE, type Message } from '#core/auth/session'
import { say } from '#core/messages'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'

/** Ends all sessions of the caller at once. */
export async function logoutAll(ctx: Ctx): Promise<Message> {
  const { sessions } = ctx.db.tables
  const { userId } = ctx.principal
  // Sessions are of no workspace.
  const ending = ctx.unscopedDb
    .update(sessions)
    .set({ revoked_at: new Date(ctx.now()), revoked_reason: 'logout_all' })
    .where(and(eq(sessions.user_id, userId), isNull(sessions.revoked_at)))
    .returning({ id: sessions.id })
  await audited(ctx, ending, { action: 'session.all_revoked', resourceId: userId }, ctx.unscopedDb)
  recheckUser(ctx, userId)
  return { message: say(LOGGED_OUT_EVERYWHERE, ctx.locale) }
}
