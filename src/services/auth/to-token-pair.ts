import { accessTokenSeconds, signAccessToken, type AccessToken } from '#auth/access-token'
import type { TokenPair } from '#core/auth/login'
import type { PublicCtx } from '#services/context'

/** A fresh access token of the session beside its refresh token, as clients get them. */
export async function toTokenPair(
  { config, now }: Pick<PublicCtx, 'config' | 'now'>,
  session: Pick<AccessToken, 'userId' | 'sessionId'>,
  refreshToken: string,
): Promise<TokenPair> {
  return {
    access_token: await signAccessToken(config, session, now()),
    refresh_token: refreshToken,
    token_type: 'bearer',
    expires_in: accessTokenSeconds(config),
  }
}
