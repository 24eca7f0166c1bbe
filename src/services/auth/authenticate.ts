import { hashApiKey, isMarkedAsKey } from '#auth/api-key'
import { verifyAccessToken } from '#auth/access-token'
import { limitRate } from '#auth/rate-limit'
import { AppError } from '#core/errors'
import type { Principal } from '#core/principal'
import { findKeyHolder } from '#services/api-keys/find-key-holder'
import type { PublicCtx } from '#services/context'
import { findPrincipal } from './find-principal.ts'

/**
 * Who is calling, in which workspace: `workspaceId`, or the caller's personal one, or the API key's own.
 *
 * @param token an access token, or an API key
 * @throws AppError `rate_limited` or `too_many_at_once`, before the database is asked; `invalid_credentials` for a token that does not (or no longer) stand, `not_found` for a workspace
 *   that is not the caller's
 */
export async function authenticate(ctx: PublicCtx, token: string, workspaceId: string | undefined): Promise<Principal> {
  if (isMarkedAsKey(token)) {
    const hash = hashApiKey(token)
    if (hash === undefined) throw new AppError('invalid_credentials')
    await limitRate(ctx, 'user', hash)
    await ctx.turn.takeFor({ name: `key ${hash}`, isSure: true })
    return findKeyHolder(ctx, { hash }, workspaceId)
  }
  const accessToken = await verifyAccessToken(ctx.config, token, ctx.now())
  if (accessToken === undefined) throw new AppError('invalid_credentials')
  await limitRate(ctx, 'user', accessToken.userId)
  await ctx.turn.takeFor({ name: `user ${accessToken.userId}`, isSure: true })
  return findPrincipal(ctx, accessToken, workspaceId)
}
