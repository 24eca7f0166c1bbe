import { verifyAccessToken } from '#auth/access-token'
import { AppError } from '#core/errors'
import type { Principal } from '#core/principal'
import type { PublicCtx } from '#services/context'
import { findPrincipal } from './find-principal.ts'

/**
 * Who is calling, in which workspace: `workspaceId`, or the caller's personal one.
 *
 * @throws AppError `invalid_credentials` for a token that does not (or no longer) stand, `not_found` for a workspace
 *   that is not the caller's
 */
export async function authenticate(ctx: PublicCtx, token: string, workspaceId: string | undefined): Promise<Principal> {
  const accessToken = await verifyAccessToken(ctx.config, token, ctx.now())
  if (accessToken === undefined) throw new AppError('invalid_credentials')
  return findPrincipal(ctx, accessToken, workspaceId)
}
