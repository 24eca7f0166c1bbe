import { and, eq, exists, gt, isNotNull, isNull, sql } from 'drizzle-orm'
import { createRefreshToken, hashRefreshToken, type NewRefreshToken } from '#auth/refresh-token'
import type { TokenPair } from '#core/auth/login'
import type { RefreshInput } from '#core/auth/session'
import { AppError } from '#core/errors'
import { audited, EACH_ROW } from '#services/audit/audit'
import type { PublicCtx } from '#services/context'
import { recheckUser } from '#services/hub/recheck-sockets'
import { toTokenPair } from './to-token-pair.ts'

/**
 * Spends a refresh token and hands out the next pair of its session. A spent token that comes again is in two hands, one
 * of them a thief's, and nobody knows which: the whole session ends.
 *
 * @throws AppError `invalid_credentials`
 */
export async function refresh(ctx: PublicCtx, input: RefreshInput): Promise<TokenPair> {
  const spentHash = hashRefreshToken(input.refresh_token)
  const next = createRefreshToken(ctx.config, ctx.now())
  const session = await rotate(ctx, spentHash, next)
  if (session !== undefined) return toTokenPair(ctx, session, next.token)
  await revokeReused(ctx, spentHash)
  throw new AppError('invalid_credentials')
}

/**
 * One statement, so that of two with the same token one wins: the other waits for the row and then finds it spent.
 * The parts of a statement with writes in it all run, also those that nothing selects from.
 */
async function rotate(
  { db, now }: PublicCtx,
  hash: string,
  { hash: token_hash, expiresAt: expires_at }: NewRefreshToken,
) {
  const { users, sessions, refreshTokens } = db.tables
  const at = new Date(now())
  const isUnspent = and(isNull(refreshTokens.used_at), gt(refreshTokens.expires_at, at))
  const isOpen = and(isNull(sessions.revoked_at), gt(sessions.expires_at, at))
  const spent = db.$with('spent').as(
    db
      .update(refreshTokens)
      .set({ used_at: at })
      .from(sessions)
      .innerJoin(users, and(eq(users.id, sessions.user_id), users.is_active))
      .where(and(eq(refreshTokens.token_hash, hash), isUnspent, eq(sessions.id, refreshTokens.session_id), isOpen))
      .returning({ sessionId: refreshTokens.session_id, userId: sessions.user_id }),
  )
  const extend = db.update(sessions).set({ last_used_at: at, expires_at }).from(spent)
  const extended = db
    .$with('extended')
    .as(extend.where(eq(sessions.id, spent.sessionId)).returning({ id: sessions.id }))
  const nextRow = {
    token_hash: sql`${token_hash}`.as('token_hash'),
    session_id: spent.sessionId,
    created_at: sql`${at}`.as('created_at'),
    expires_at: sql`${expires_at}`.as('expires_at'),
    used_at: sql`null`.as('used_at'),
  }
  const make = db.insert(refreshTokens).select((query) => query.select(nextRow).from(spent))
  const made = db.$with('made').as(make.returning({ session_id: refreshTokens.session_id }))
  const [session] = await db.with(spent, extended, made).select().from(spent)
  return session
}

async function revokeReused(ctx: PublicCtx, hash: string): Promise<void> {
  const { db, now } = ctx
  const { sessions, refreshTokens } = db.tables
  const isOfSession = and(eq(refreshTokens.session_id, sessions.id), eq(refreshTokens.token_hash, hash))
  const spent = db
    .select({ one: sql`1` })
    .from(refreshTokens)
    .where(and(isOfSession, isNotNull(refreshTokens.used_at)))
  const ending = db
    .update(sessions)
    .set({ revoked_at: new Date(now()), revoked_reason: 'reuse' })
    .where(and(exists(spent), isNull(sessions.revoked_at)))
    .returning({ id: sessions.id, userId: sessions.user_id })
  // Nobody knows who it was: the line names no user.
  const fact = { action: 'session.revoked', resourceId: EACH_ROW, details: { reason: 'reuse' } } as const
  const [ended] = await audited(ctx, ending, fact)
  if (ended !== undefined) recheckUser(ctx, ended.userId)
}
