/**
 * Back-off for those who guess at passwords, per account and per address.
 *
 * I1  Every wrong password is counted, in one statement; an account that does not exist is counted like any other.
 * I2  Who is blocked is refused before the password is looked at, right or wrong.
 * I3  A right password counts only if nobody was blocked by the time it was found right: many guesses sent at once get
 *     no more answers than the same guesses one after the other.
 */
import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import { accountKey, addressKey } from '#auth/attempt-keys'
import { AppError, type ErrorCode } from '#core/errors'
import type { PublicCtx } from '#services/context'

/** Failures before the first wait. Many people may share an address, so it is given more; only time forgives it. */
const FREE = { account: 5, address: 20 } as const
/** The first wait is a second, each further failure doubles it. */
const MAX_WAIT_SECONDS = 15 * 60
/** Failures longer ago than this are forgotten. */
const MEMORY_MS = 60 * 60 * 1000
const SWEPT_AT_ONCE = 100

/**
 * Runs a check of a password under the back-off.
 *
 * @param email whose password it should be, in lower case
 * @param check gives what the password opens, or undefined when it is wrong
 * @param refusal what a wrong one answers
 * @throws AppError `refusal`; `too_many_attempts`
 */
export async function guardPassword<T>(
  ctx: PublicCtx,
  email: string,
  check: () => Promise<T | undefined>,
  refusal: ErrorCode,
): Promise<T> {
  const account = accountKey(email)
  const address = ctx.client.address === undefined ? undefined : addressKey(ctx.client.address)
  const keys = address === undefined ? [account] : [account, address]
  await refuseBlocked(ctx, keys)
  const opened = await check()
  if (opened === undefined) {
    await countFailure(ctx, account, address)
    throw new AppError(refusal)
  }
  await refuseBlocked(ctx, keys, account)
  return opened
}

/** For whoever has shown to own the account in another way. */
export function forgetFailures({ db }: Pick<PublicCtx, 'db'>, email: string) {
  const { loginFailures } = db.tables
  return db.delete(loginFailures).where(eq(loginFailures.key, accountKey(email)))
}

/** @param forgiven the account whose failures are forgotten, unless it is blocked itself */
async function refuseBlocked({ db, now }: PublicCtx, keys: readonly string[], forgiven?: string): Promise<void> {
  const { loginFailures } = db.tables
  const at = new Date(now())
  const isFree = lte(loginFailures.blocked_until, at)
  const isForgiven = forgiven === undefined ? sql`false` : and(eq(loginFailures.key, forgiven), isFree)
  const cleared = db
    .$with('cleared')
    .as(db.delete(loginFailures).where(isForgiven).returning({ key: loginFailures.key }))
  const query = forgiven === undefined ? db : db.with(cleared)
  const blocked = await query
    .select({ until: loginFailures.blocked_until })
    .from(loginFailures)
    .where(and(inArray(loginFailures.key, [...keys]), gt(loginFailures.blocked_until, at)))
  if (blocked.length === 0) return
  const until = Math.max(...blocked.map((row) => row.until.getTime()))
  const seconds = Math.max(1, Math.ceil((until - at.getTime()) / 1000))
  throw new AppError('too_many_attempts', { params: { seconds }, retryAfterSeconds: seconds })
}

async function countFailure({ db, now }: PublicCtx, account: string, address: string | undefined): Promise<void> {
  const { loginFailures } = db.tables
  const at = new Date(now())
  const forgotten = new Date(at.getTime() - MEMORY_MS)

  function count(key: string, free: number) {
    const failures = sql`case when ${lte(loginFailures.failed_at, forgotten)} then 1 else ${loginFailures.failures} + 1 end`
    const wait = sql`least(${MAX_WAIT_SECONDS}::int, power(2, least((${failures}) - ${free}::int, 20)))`
    const until = sql`${at}::timestamptz + case when (${failures}) >= ${free}::int then make_interval(secs => ${wait}) else interval '0' end`
    return db
      .insert(loginFailures)
      .values({ key, failures: 1, failed_at: at, blocked_until: at })
      .onConflictDoUpdate({ target: loginFailures.key, set: { failures, failed_at: at, blocked_until: until } })
  }

  // Locked rows are somebody else's to sweep: two that sweep and count could wait for each other.
  const old = db
    .select({ key: loginFailures.key })
    .from(loginFailures)
    .where(lte(loginFailures.failed_at, forgotten))
    .limit(SWEPT_AT_ONCE)
    .for('update', { skipLocked: true })
  await db.batch([
    count(account, FREE.account),
    ...(address === undefined ? [] : [count(address, FREE.address)]),
    db.delete(loginFailures).where(inArray(loginFailures.key, old)),
  ])
}
