import { DatabaseUnavailable } from './errors.ts'

/** A timer that fires so much later than it was set for tells of the thread and nothing of PostgreSQL. */
const LATE_MS = 250
const GRACE_MS = 200

/**
 * The work's outcome, or `DatabaseUnavailable` when it has none after `ms`. postgres.js waits for ever, and a frozen
 * server answers nothing: `onExpire` is to let go of what the work waits for.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, onExpire: () => void): Promise<T> {
  let isLate = false
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const due = Date.now() + ms
  let timer = setTimeout(expire, ms)
  function expire(): void {
    // This thread stood still, and the answer may lie there unread: it comes first.
    if (Date.now() > due + LATE_MS && !isLate) {
      isLate = true
      timer = setTimeout(expire, GRACE_MS)
      return
    }
    reject(new DatabaseUnavailable(`PostgreSQL did not answer within ${ms} ms`))
    onExpire()
  }
  try {
    return await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}
