import { and, eq, sql } from 'drizzle-orm'
import { createRefreshToken } from '#auth/refresh-token'
import type { TokenPair } from '#core/auth/login'
import { AppError } from '#core/errors'
import { newId } from '#lib/ids'
import type { PublicCtx } from '#services/context'
import { auditLine } from '#services/audit/audit'
import { toTokenPair } from './to-token-pair.ts'

/**
 * Begins a session of a user who has just proven to be one, and hands out its first pair of tokens.
 *
 * @param user with the hash that the password was right for: checking takes long, and the password may have been
 *   changed meanwhile, which ends all sessions, this one too
 * @throws AppError `invalid_credentials` when the password or the account is no longer what it was
 */
export async function openSession(
  ctx: PublicCtx,
  user: { readonly id: string; readonly password_hash: string },
): Promise<TokenPair> {
  const { users, sessions, refreshTokens } = ctx.db.tables
  const now = ctx.now()
  const at = new Date(now)
  const sessionId = newId()
  const { token, hash, expiresAt } = createRefreshToken(ctx.config, now)
  const session = {
    id: sql`${sessionId}::uuid`.as('id'),
    user_id: users.id,
    user_agent: sql`${ctx.client.userAgent ?? null}::text`.as('user_agent'),
    address: sql`${ctx.client.address ?? null}::text`.as('address'),
    created_at: sql`${at}::timestamptz`.as('created_at'),
    last_used_at: sql`${at}::timestamptz`.as('last_used_at'),
    expires_at: sql`${expiresAt}::timestamptz`.as('expires_at'),
    revoked_at: sql`null::timestamptz`.as('revoked_at'),
    revoked_reason: sql`null::text`.as('revoked_reason'),
  }
  const isUnchanged = and(eq(users.id, user.id), eq(users.password_hash, user.password_hash), users.is_active)
  // The lock waits for a change of the password that is under way, and makes a later one wait for this session.
  const opening = ctx.db
    .insert(sessions)
    .select((query) => query.select(session).from(users).where(isUnchanged).for('share'))
  const opened = ctx.db.$with('opened').as(opening.returning({ id: sessions.id }))
  const firstToken = {
    token_hash: sql`${hash}::text`.as('token_hash'),
    session_id: opened.id,
    created_at: sql`${at}::timestamptz`.as('created_at'),
    expires_at: sql`${expiresAt}::timestamptz`.as('expires_at'),
    used_at: sql`null::timestamptz`.as('used_at'),
  }
  const making = ctx.db.insert(refreshTokens).select((query) => query.select(firstToken).from(opened))
  const made = ctx.db.$with('made').as(making.returning({ session_id: refreshTokens.session_id }))
  const line = auditLine(ctx, ctx.db, { action: 'session.opened', resourceId: sessionId, userId: user.id }, opened)
  const noted = ctx.db.$with('noted').as(line.returning({ id: ctx.db.tables.auditLog.id }))
  const [done] = await ctx.db.with(opened, made, noted).select().from(opened)
  if (done === undefined) throw new AppError('invalid_credentials')
  return toTokenPair(ctx, { userId: user.id, sessionId }, token)
}
