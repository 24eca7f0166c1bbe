/** Access tokens: short-lived, verified without the database; whether the session still stands is asked of it after. */
import { z } from 'zod'
import type { Config } from '#config'
import { signJwt, verifyJwt, type JwtConfig, type JwtKind } from './jwt.ts'

const KIND: JwtKind = { typ: 'at+jwt', audience: 'synapscale:api' }

const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.int() })

/** Whom an access token speaks for. */
export interface AccessToken {
  readonly userId: string
  readonly sessionId: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** How long an access token lives: the `expires_in` of a login. */
export function accessTokenSeconds(config: Pick<Config, 'JWT_ACCESS_TOKEN_EXPIRE_MINUTES'>): number {
  return Math.max(1, Math.round(config.JWT_ACCESS_TOKEN_EXPIRE_MINUTES * 60))
}

/** An access token for a session, from `now` (Unix milliseconds) on. */
export async function signAccessToken(
  config: JwtConfig & Pick<Config, 'JWT_ACCESS_TOKEN_EXPIRE_MINUTES'>,
  session: Pick<AccessToken, 'userId' | 'sessionId'>,
  now: number,
): Promise<string> {
  const iat = Math.floor(now / 1000)
  return signJwt(config, KIND, {
    sub: session.userId,
    sid: session.sessionId,
    iat,
    exp: iat + accessTokenSeconds(config),
  })
}

/** What a token says, if it is an access token of ours and has not expired at `now` (Unix milliseconds). */
export async function verifyAccessToken(
  config: JwtConfig,
  text: string,
  now: number,
): Promise<AccessToken | undefined> {
  const claims = Claims.safeParse(await verifyJwt(config, KIND, text, now))
  if (!claims.success) return undefined
  const { sub, sid, exp } = claims.data
  return { userId: sub, sessionId: sid, expiresAt: exp * 1000 }
}
