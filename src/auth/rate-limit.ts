/**
 * How often somebody may ask. At the edge the platform counts. On one machine the binding carries the numbers alone, and
 * the one isolate there counts for itself: miniflare's counter is an actor that writes to the disk, and two of its
 * answers a request would halve what the machine serves.
 */
import { z } from 'zod'
import type { Config } from '#config'
import { AppError } from '#core/errors'

const Numbers = z.object({ limit: z.int(), period: z.int() })
type Numbers = z.infer<typeof Numbers>

interface Counter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>
}

/** What a limit is on; wrangler.toml has the numbers. */
const BINDINGS = { auth: 'LIMIT_AUTH', user: 'LIMIT_USER', address: 'LIMIT_ADDRESS', hook: 'LIMIT_HOOK' } as const
type Limited = keyof typeof BINDINGS

interface LimitCtx {
  readonly env: Readonly<Record<(typeof BINDINGS)[Limited], Counter | Numbers>>
  readonly config: Pick<Config, 'RATE_LIMIT_ENABLED'>
  readonly now: () => number
}

/** The window of every limit. */
const WINDOW_SECONDS = 60

/**
 * Counts a request.
 *
 * @param key by whom; undefined where nobody can be named, and then nothing is counted
 * @throws AppError `rate_limited`
 */
export async function limitRate({ env, config, now }: LimitCtx, what: Limited, key: string | undefined): Promise<void> {
  if (!config.RATE_LIMIT_ENABLED || key === undefined) return
  const { success } = await counterOf(env[BINDINGS[what]], now).limit({ key })
  if (success) return
  // Windows begin with the clock's minute. The platform does not tell its own: there it is a guess, a minute at most.
  const seconds = WINDOW_SECONDS - (Math.floor(now() / 1000) % WINDOW_SECONDS)
  throw new AppError('rate_limited', { params: { seconds }, retryAfterSeconds: seconds })
}

const counters = new WeakMap<object, Counter>()

function counterOf(binding: Counter | Numbers, now: () => number): Counter {
  if (typeof binding.limit === 'function') return { limit: binding.limit.bind(binding) }
  const known = counters.get(binding) ?? createCounter(Numbers.parse(binding), now)
  counters.set(binding, known)
  return known
}

/** Fixed windows, as the platform's: what it keeps is as much as comes in one of them. */
function createCounter({ limit, period }: Numbers, now: () => number): Counter {
  const counts = new Map<string, number>()
  let window = 0
  return {
    async limit({ key }) {
      const current = Math.floor(now() / (period * 1000))
      if (current !== window) counts.clear()
      window = current
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return { success: count <= limit }
    },
  }
}
