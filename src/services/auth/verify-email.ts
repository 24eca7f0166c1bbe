import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { hashOneTimeToken } from '#auth/one-time-token'
import type { Message } from '#core/auth/session'
import { EMAIL_VERIFIED, type VerifyEmailInput } from '#core/auth/verify-email'
import { AppError } from '#core/errors'
import { say } from '#core/messages'
import { auditLine, EACH_ROW } from '#services/audit/audit'
import type { PublicCtx } from '#services/context'

/**
 * Confirms the address of whoever holds a link that was mailed to it.
 *
 * @throws AppError `invalid_token`
 */
export async function verifyEmail(ctx: PublicCtx, { token }: VerifyEmailInput): Promise<Message> {
  const { users, oneTimeTokens: tokens } = ctx.db.tables
  const at = new Date(ctx.now())
  const isGood = and(
    eq(tokens.token_hash, hashOneTimeToken(token)),
    eq(tokens.purpose, 'verify_email'),
    isNull(tokens.used_at),
    gt(tokens.expires_at, at),
  )
  const spent = ctx.db
    .$with('spent')
    .as(
      ctx.db.update(tokens).set({ used_at: at }).where(isGood).returning({ userId: tokens.user_id, to: tokens.email }),
    )
  const isTheirs = and(eq(users.id, spent.userId), sql`lower(${users.email}) = lower(${spent.to})`, users.is_active)
  const change = ctx.db.update(users).set({ is_verified: true, updated_at: at }).from(spent).where(isTheirs)
  const changed = ctx.db.$with('changed').as(change.returning({ id: users.id }))
  const fact = { action: 'account.email_verified', resourceId: EACH_ROW, userId: sql`${changed.id}` } as const
  const line = auditLine(ctx, ctx.db, fact, changed)
  const noted = ctx.db.$with('noted').as(line.returning({ id: ctx.db.tables.auditLog.id }))
  const done = await ctx.db.with(spent, changed, noted).select().from(changed)
  if (done.length === 0) throw new AppError('invalid_token')
  return { message: say(EMAIL_VERIFIED, ctx.locale) }
}
