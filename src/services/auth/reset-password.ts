import { and, eq, exists, gt, isNull, sql } from 'drizzle-orm'
import { hashOneTimeToken } from '#auth/one-time-token'
import { hashPassword } from '#auth/passwords'
import { PASSWORD_RESET, type ResetPasswordInput } from '#core/auth/password'
import type { Message } from '#core/auth/session'
import { AppError } from '#core/errors'
import { say } from '#core/messages'
import { auditLine } from '#services/audit/audit'
import type { PublicCtx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'
import { forgetFailures } from './guard-password.ts'

/**
 * Puts a new password in place for whoever holds a link that was mailed, and ends all sessions. The link came by mail,
 * so the address is confirmed too.
 *
 * @throws AppError `invalid_token`, `busy`
 */
export async function resetPassword(ctx: PublicCtx, { token, new_password }: ResetPasswordInput): Promise<Message> {
  const { users, sessions, oneTimeTokens: tokens } = ctx.db.tables
  const at = new Date(ctx.now())
  const isGood = and(
    eq(tokens.token_hash, hashOneTimeToken(token)),
    eq(tokens.purpose, 'reset_password'),
    isNull(tokens.used_at),
    gt(tokens.expires_at, at),
  )
  // Hashing takes long: not for a token that is worth nothing.
  const [known] = await ctx.db.select({ userId: tokens.user_id, to: tokens.email }).from(tokens).where(isGood)
  if (known === undefined) throw new AppError('invalid_token')
  const password_hash = await hashPassword(new_password)

  const spent = ctx.db
    .$with('spent')
    .as(
      ctx.db.update(tokens).set({ used_at: at }).where(isGood).returning({ userId: tokens.user_id, to: tokens.email }),
    )
  const isTheirs = and(eq(users.id, spent.userId), sql`lower(${users.email}) = lower(${spent.to})`, users.is_active)
  const change = ctx.db.update(users).set({ password_hash, is_verified: true, updated_at: at }).from(spent)
  const changed = ctx.db.$with('changed').as(change.where(isTheirs).returning({ id: users.id }))
  const fact = { action: 'account.password_reset', resourceId: known.userId, userId: known.userId } as const
  const line = auditLine(ctx, ctx.db, fact, changed)
  const noted = ctx.db.$with('noted').as(line.returning({ id: ctx.db.tables.auditLog.id }))
  const isDone = ctx.db
    .select({ one: sql`1` })
    .from(users)
    .where(and(eq(users.id, known.userId), eq(users.password_hash, password_hash)))
  const [done] = await ctx.db.batch([
    ctx.db.with(spent, changed, noted).select({ id: changed.id }).from(changed),
    // A statement of its own: a login that held the user's row while the first one waited has its session by now.
    ctx.db
      .update(sessions)
      .set({ revoked_at: at, revoked_reason: 'password' })
      .where(and(eq(sessions.user_id, known.userId), isNull(sessions.revoked_at), exists(isDone))),
  ])
  if (done.length === 0) throw new AppError('invalid_token')
  recheckUser(ctx, known.userId)
  await forgetFailures(ctx, known.to.toLowerCase())
  return { message: say(PASSWORD_RESET, ctx.locale) }
}
