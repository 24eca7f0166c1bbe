import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import { hashRefreshToken } from '#auth/refresh-token'
import { LOGGED_OUT, type LogoutInput, type Message } from '#core/auth/session'
import { say } from '#core/messages'
import { audited, EACH_ROW } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'
import { demandSession } from './demand.ts'

/** Ends the caller's session at once, and that of the refresh token, if one was sent and it is the caller's too. */
export async function logout(ctx: Ctx, input: LogoutInput): Promise<Message> {
  // Sessions are of no workspace.
  const { unscopedDb: db, principal } = ctx
  const { sessions, refreshTokens } = db.tables
  const token = input.refresh_token
  const isCurrent = eq(sessions.id, demandSession(principal).sessionId)
  const ofToken = db.select({ id: refreshTokens.session_id }).from(refreshTokens)
  const isEnding =
    token == null
      ? isCurrent
      : or(isCurrent, inArray(sessions.id, ofToken.where(eq(refreshTokens.token_hash, hashRefreshToken(token)))))
  const ending = db
    .update(sessions)
    .set({ revoked_at: new Date(ctx.now()), revoked_reason: 'logout' })
    .where(and(eq(sessions.user_id, principal.userId), isEnding, isNull(sessions.revoked_at)))
    .returning({ id: sessions.id })
  await audited(ctx, ending, { action: 'session.revoked', resourceId: EACH_ROW }, db)
  recheckUser(ctx, principal.userId)
  return { message: say(LOGGED_OUT, ctx.locale) }
}
