import { createRefreshToken } from '#auth/refresh-token'
import type { TokenPair } from '#core/auth/login'
import { newId } from '#lib/ids'
import type { PublicCtx } from '#services/context'
import { toTokenPair } from './to-token-pair.ts'

/** Begins a session of a user who has just proven to be one, and hands out its first pair of tokens. */
export async function openSession(ctx: PublicCtx, userId: string): Promise<TokenPair> {
  const { sessions, refreshTokens } = ctx.db.tables
  const now = ctx.now()
  const created_at = new Date(now)
  const sessionId = newId()
  const { token, hash, expiresAt: expires_at } = createRefreshToken(ctx.config, now)
  await ctx.db.batch([
    ctx.db.insert(sessions).values({
      id: sessionId,
      user_id: userId,
      user_agent: ctx.client.userAgent,
      address: ctx.client.address,
      created_at,
      last_used_at: created_at,
      expires_at,
    }),
    ctx.db.insert(refreshTokens).values({ token_hash: hash, session_id: sessionId, created_at, expires_at }),
  ])
  return toTokenPair(ctx, { userId, sessionId }, token)
}
