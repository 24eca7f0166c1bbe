/**
 * API keys: `sk_`, 256 random bits in base 62, and six digits of a CRC-32 over them, so that a typo, or a text that a
 * scanner has found, is told from a key without the database. What is stored is their SHA-256.
 */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const MARK = 'sk_'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const KEY_BYTES = 32
/** As many digits as the largest number takes: every key has the same length. */
const BODY_DIGITS = 43
const CHECK_DIGITS = 6
const SHAPE = new RegExp(`^${MARK}[0-9A-Za-z]{${BODY_DIGITS + CHECK_DIGITS}}$`)
/** Enough to tell the own keys apart, of 43 digits too few to matter. */
const PREFIX_LENGTH = MARK.length + 6

export interface NewKey {
  /** For the client, once. */
  readonly key: string
  /** For people, to tell their keys apart. */
  readonly prefix: string
  /** For the database. */
  readonly hash: string
}

/** A fresh key. */
export function createApiKey(): NewKey {
  const body = MARK + toBase62(BigInt(`0x${randomBytes(KEY_BYTES).toString('hex')}`), BODY_DIGITS)
  const key = body + checkOf(body)
  return { key, prefix: key.slice(0, PREFIX_LENGTH), hash: hash(key) }
}

/** Whether a text means to be a key; access tokens begin with `ey`. */
export function isMarkedAsKey(text: string): boolean {
  return text.startsWith(MARK)
}

/** What a key is looked up by; undefined for a text that cannot be one of ours. */
export function hashApiKey(text: string): string | undefined {
  const body = text.slice(0, -CHECK_DIGITS)
  return SHAPE.test(text) && text === body + checkOf(body) ? hash(text) : undefined
}

/** A plain hash is enough: 256 random bits are not guessed, unlike a password. */
function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function checkOf(body: string): string {
  return toBase62(BigInt(crc32(body)), CHECK_DIGITS)
}

function toBase62(value: bigint, length: number): string {
  const base = BigInt(DIGITS.length)
  let text = ''
  for (let rest = value; rest > 0n; rest /= base) text = DIGITS.charAt(Number(rest % base)) + text
  return text.padStart(length, DIGITS.charAt(0))
}
