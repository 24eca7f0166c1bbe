/** Refresh tokens: 256 random bits that mean nothing by themselves. What is stored is their SHA-256. */
import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '#config'

const TOKEN_BYTES = 32
const DAY_MS = 24 * 60 * 60 * 1000

export interface NewRefreshToken {
  /** For the client, once. */
  readonly token: string
  /** For the database. */
  readonly hash: string
  readonly expiresAt: Date
}

/** A fresh token, from `now` (Unix milliseconds) on. The prefix lets scanners find one that has leaked. */
export function createRefreshToken(
  config: Pick<Config, 'JWT_REFRESH_TOKEN_EXPIRE_DAYS'>,
  now: number,
): NewRefreshToken {
  const token = `rt_${randomBytes(TOKEN_BYTES).toString('base64url')}`
  const expiresAt = new Date(now + config.JWT_REFRESH_TOKEN_EXPIRE_DAYS * DAY_MS)
  return { token, hash: hashRefreshToken(token), expiresAt }
}

/** What a token is looked up by. A plain hash is enough: 256 random bits are not guessed, unlike a password. */
export function hashRefreshToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
