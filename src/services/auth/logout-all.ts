import { and, eq, isNull } from 'drizzle-orm'
import { LOGGED_OUT_EVERYWHERE, type Message } from '#core/auth/session'
import { say } from '#core/messages'
import type { Ctx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'

/** Ends all sessions of the caller at once. */
export async function logoutAll(ctx: Ctx): Promise<Message> {
  const { db, now, principal, locale } = ctx
  const { sessions } = db.tables
  await db
    .update(sessions)
    .set({ revoked_at: new Date(now()), revoked_reason: 'logout_all' })
    .where(and(eq(sessions.user_id, principal.userId), isNull(sessions.revoked_at)))
  recheckUser(ctx, principal.userId)
  return { message: say(LOGGED_OUT_EVERYWHERE, locale) }
}
