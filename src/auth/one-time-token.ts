/** Tokens in links by mail: 256 random bits, good once, for one purpose. What is stored is their SHA-256. */
import { createHash, randomBytes } from 'node:crypto'
import { INVITATION_LIFE_MS } from '#core/workspace/invitation'

const TOKEN_BYTES = 32
const HOUR_MS = 60 * 60 * 1000

/** How long a link of each purpose is good. */
const LIFE_MS = { reset_password: HOUR_MS, verify_email: 24 * HOUR_MS, invitation: INVITATION_LIFE_MS } as const

type TokenPurpose = keyof typeof LIFE_MS
/** What a token is for that belongs to an account; an invitation may go to somebody without one. */
export type AccountPurpose = Exclude<TokenPurpose, 'invitation'>

export interface NewOneTimeToken {
  /** For the mail, once. */
  readonly token: string
  /** For the database. */
  readonly hash: string
  readonly expiresAt: Date
}

/** A fresh token, from `now` (Unix milliseconds) on. */
export function createOneTimeToken(purpose: TokenPurpose, now: number): NewOneTimeToken {
  const token = `ott_${randomBytes(TOKEN_BYTES).toString('base64url')}`
  return { token, hash: hashOneTimeToken(token), expiresAt: new Date(now + LIFE_MS[purpose]) }
}

/** What a token is looked up by. */
export function hashOneTimeToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
