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

/** The tokens that were used last, some hundred bytes each. */
const MAX_KNOWN = 1_000
/** What each key's tokens say whose signatures have been verified: that cannot change, while their time runs out. */
const known = new WeakMap<JwtConfig['JWT_SECRET_KEY'], Map<string, AccessToken>>()

/** What a token says, if it is an access token of ours and has not expired at `now` (Unix milliseconds). */
export async function verifyAccessToken(
  config: JwtConfig,
  text: string,
  now: number,
): Promise<AccessToken | undefined> {
  const ofKeys = known.get(config.JWT_SECRET_KEY) ?? new Map<string, AccessToken>()
  known.set(config.JWT_SECRET_KEY, ofKeys)
  const seen = ofKeys.get(text)
  // To the second, as `verifyJwt` reads the clock.
  if (seen !== undefined) return seen.expiresAt / 1000 > Math.floor(now / 1000) ? seen : undefined
  const claims = Claims.safeParse(await verifyJwt(config, KIND, text, now))
  if (!claims.success) return undefined
  const { sub, sid, exp } = claims.data
  const token = { userId: sub, sessionId: sid, expiresAt: exp * 1000 }
  const [oldest] = ofKeys.size < MAX_KNOWN ? [] : ofKeys.keys()
  if (oldest !== undefined) ofKeys.delete(oldest)
  ofKeys.set(text, token)
  return token
}
