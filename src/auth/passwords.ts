/**
 * Passwords: scrypt, stored with its parameters as `$scrypt$ln=15,r=8,p=1$salt$hash` (base64 without padding).
 *
 * A password is normalised to NFKC before it is hashed (NIST SP 800-63B, 3.1.1.2), so that the same keys give the same
 * password on every keyboard and system. It is neither trimmed nor cut.
 *
 * Hashes of the former backend are bcrypt's (`$2a$`, `$2b$`, `$2y$`). They verify, of the password as it was typed, and
 * the next login makes them anew.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { compare } from 'bcryptjs'
import { createTurnstile } from './turnstile.ts'

interface ScryptCost {
  /** Binary logarithm of N. */
  readonly ln: number
  readonly r: number
  readonly p: number
}

interface ScryptHash extends ScryptCost {
  readonly kind: 'scrypt'
  readonly salt: Buffer
  readonly hash: Buffer
}

type StoredHash = ScryptHash | { readonly kind: 'bcrypt'; readonly text: string }

const COST: ScryptCost = { ln: 15, r: 8, p: 1 }
const SALT_BYTES = 16
const HASH_BYTES = 32
/** N=2^15 r=8 takes 32 MiB; Node's default ceiling is exactly that and refuses it. An isolate has 128 MiB. */
const SCRYPT_MEMORY_BYTES = 64 * 2 ** 20

const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{43,})$/
/** Costs from 4 to 14: each step doubles the work, and 14 takes more than a second of the one thread. */
const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/

/**
 * In workerd `crypto.scrypt` calls back late but computes on the one thread, about 100 ms in which nothing else runs: two
 * at once would only block it twice as long at a stretch. Eight more wait for about a second at the most.
 */
const turnstile = createTurnstile({
  slots: 1,
  places: 8,
  pollMs: 5,
  leaseMs: 2_000,
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})

function parseStored(stored: string): StoredHash | undefined {
  if (BCRYPT.test(stored)) return { kind: 'bcrypt', text: stored }
  const [, ln, r, p, salt, hash] = SCRYPT.exec(stored) ?? []
  if (salt === undefined || hash === undefined) return undefined
  return {
    kind: 'scrypt',
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

async function derive(password: string, salt: Buffer, cost: ScryptCost, length: number): Promise<Buffer> {
  const { ln, r, p } = cost
  const leave = await turnstile.enter()
  try {
    return await new Promise((resolve, reject) => {
      const options = { N: 2 ** ln, r, p, maxmem: SCRYPT_MEMORY_BYTES }
      scrypt(password.normalize('NFKC'), salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
    })
  } finally {
    leave()
  }
}

async function matchesBcrypt(password: string, text: string): Promise<boolean> {
  const leave = await turnstile.enter()
  try {
    // JavaScript, some 300 ms at a cost of 12; between two stretches of 100 ms it lets others have the thread.
    return await compare(password, text)
  } finally {
    leave()
  }
}

/**
 * The text to store for a password.
 *
 * @throws AppError `busy` when too many are being hashed
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt, COST, HASH_BYTES)
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`
}

/**
 * Whether this is the password of `stored`, in constant time. Nobody's password (`undefined`: there is no such user) and
 * a text that is no hash of ours take the same work and are never right.
 *
 * @throws AppError `busy` when too many are being hashed
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const known = stored === undefined ? undefined : parseStored(stored)
  if (known === undefined) {
    await derive(password, randomBytes(SALT_BYTES), COST, HASH_BYTES)
    return false
  }
  if (known.kind === 'bcrypt') return matchesBcrypt(password, known.text)
  const hash = await derive(password, known.salt, known, known.hash.length)
  return timingSafeEqual(hash, known.hash)
}

/** Whether a hash should be made anew at the next login, because it was made with other parameters. */
export function needsRehash(stored: string): boolean {
  const known = parseStored(stored)
  if (known?.kind !== 'scrypt') return true
  return known.ln !== COST.ln || known.r !== COST.r || known.p !== COST.p || known.hash.length !== HASH_BYTES
}
