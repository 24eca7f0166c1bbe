import { DatabaseUnavailable } from './errors.ts'

/**
 * The work's outcome, or `DatabaseUnavailable` when it has none after `ms`. postgres.js waits for ever, and a frozen
 * server answers nothing: `onExpire` is to let go of what the work waits for.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, onExpire: () => void): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new DatabaseUnavailable(`PostgreSQL did not answer within ${ms} ms`))
    onExpire()
  }, ms)
  try {
    return await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}
