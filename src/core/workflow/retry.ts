import type { RetryPolicy } from './graph.ts'
import type { Moment } from './step.ts'

/** No wait between two attempts is longer, whatever the policy or a server's `Retry-After` says. */
const MAX_BACKOFF_MS = 3_600_000

/** A visit that waits for something of ours looks again at least this often. */
const MAX_LOOK_MS = 60_000

/** When a visit looks again that has found something of ours away `looks` times before: soon at first, with the same jitter. */
export function nextLookAt(looks: number, moment: Moment): number {
  return moment.now + Math.round(Math.min(1_000 * 2 ** looks, MAX_LOOK_MS) * (0.75 + moment.random / 2))
}

/**
 * When the attempt after `attempt` (from 1) begins, in Unix milliseconds: exponential, with ±25 % jitter so that
 * many failed runs do not come back at once, and never before the server's `Retry-After`.
 */
export function nextAttemptAt(
  policy: RetryPolicy,
  attempt: number,
  retryAfterMs: number | undefined,
  moment: Moment,
): number {
  const backoff = policy.backoff_ms * policy.factor ** (attempt - 1) * (0.75 + moment.random / 2)
  return moment.now + Math.round(Math.min(Math.max(backoff, retryAfterMs ?? 0), MAX_BACKOFF_MS))
}
