import { and, eq, exists, isNull, ne, sql } from 'drizzle-orm'
import { hashPassword } from '#auth/passwords'
import { type ChangePasswordInput, PASSWORD_CHANGED } from '#core/auth/password'
import type { Message } from '#core/auth/session'
import { AppError } from '#core/errors'
import { say } from '#core/messages'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'
import { confirmPassword } from './confirm-password.ts'
import { demandSession } from './demand.ts'

/**
 * Changes the caller's password and ends all sessions but this one.
 *
 * @throws AppError `wrong_password`, `busy`, `too_many_attempts`
 */
export async function changePassword(ctx: Ctx, input: ChangePasswordInput): Promise<Message> {
  const { users, sessions } = ctx.db.tables
  const { userId, sessionId } = demandSession(ctx.principal)
  const stored = await confirmPassword(ctx, input.current_password)
  const password_hash = await hashPassword(input.new_password)
  const at = new Date(ctx.now())
  const isUser = eq(users.id, userId)
  // Accounts and sessions are of no workspace.
  const db = ctx.unscopedDb
  const isDone = db
    .select({ one: sql`1` })
    .from(users)
    .where(and(isUser, eq(users.password_hash, password_hash)))
  const change = db
    .update(users)
    .set({ password_hash, updated_at: at })
    // Of two changes at once the second was made with a password that is no longer the current one.
    .where(and(isUser, eq(users.password_hash, stored.password_hash)))
    .returning({ id: users.id })
  const isOther = and(eq(sessions.user_id, userId), ne(sessions.id, sessionId))
  const [changed] = await db.batch([
    withLine(ctx, db, change, { action: 'account.password_changed', resourceId: userId }),
    db
      .update(sessions)
      .set({ revoked_at: at, revoked_reason: 'password' })
      .where(and(isOther, isNull(sessions.revoked_at), exists(isDone))),
  ])
  if (changed.length === 0) throw new AppError('wrong_password')
  recheckUser(ctx, userId)
  return { message: say(PASSWORD_CHANGED, ctx.locale) }
}
