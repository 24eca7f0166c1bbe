import { and, eq, lt, lte, or, sql } from 'drizzle-orm'
import { type AccountPurpose, createOneTimeToken } from '#auth/one-time-token'
import { AppError } from '#core/errors'
import type { PublicCtx } from '#services/context'

/** Nobody needs more links, and nobody's mailbox is to be flooded by others asking for them. */
const MAX_PER_WINDOW = 5
const WINDOW_MS = 60 * 60 * 1000

/**
 * A fresh token of a user, for a mail; it takes the place of the former one of its purpose, which is worth nothing now.
 *
 * @throws AppError `too_many_attempts` after five within an hour
 */
export async function issueToken(
  ctx: Pick<PublicCtx, 'db' | 'now'>,
  user: { readonly id: string; readonly email: string },
  purpose: AccountPurpose,
): Promise<string> {
  const { oneTimeTokens: tokens } = ctx.db.tables
  const now = ctx.now()
  const at = new Date(now)
  const { token, hash: token_hash, expiresAt: expires_at } = createOneTimeToken(purpose, now)
  const isOver = lte(tokens.window_began_at, new Date(now - WINDOW_MS))
  const changing = { token_hash, email: user.email, created_at: at, expires_at, used_at: null }
  const stored = await ctx.db
    .insert(tokens)
    .values({ user_id: user.id, purpose, ...changing, asked: 1, window_began_at: at })
    .onConflictDoUpdate({
      target: [tokens.user_id, tokens.purpose],
      set: {
        ...changing,
        asked: sql`case when ${isOver} then 1 else ${tokens.asked} + 1 end`,
        window_began_at: sql`case when ${isOver} then ${at} else ${tokens.window_began_at} end`,
      },
      setWhere: or(isOver, lt(tokens.asked, MAX_PER_WINDOW)),
    })
    .returning({ purpose: tokens.purpose })
  if (stored.length > 0) return token
  const isThis = and(eq(tokens.user_id, user.id), eq(tokens.purpose, purpose))
  const [full] = await ctx.db.select({ since: tokens.window_began_at }).from(tokens).where(isThis)
  const seconds = Math.max(1, Math.ceil(((full?.since.getTime() ?? now) + WINDOW_MS - now) / 1000))
  throw new AppError('too_many_attempts', { params: { seconds }, retryAfterSeconds: seconds })
}
