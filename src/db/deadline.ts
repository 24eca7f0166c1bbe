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

interface Wait {
  due: number
  isLate: boolean
  readonly expire: () => void
}

/** `withDeadline` for much work of one invocation: all of it shares a timer, which rings once more when it has ended. */
export function createDeadlines(): typeof withDeadline {
  const waits = new Set<Wait>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let ringsAt = Number.POSITIVE_INFINITY

  function arm(due: number): void {
    if (due >= ringsAt) return
    clearTimeout(timer)
    ringsAt = due
    timer = setTimeout(ring, due - Date.now())
  }

  function ring(): void {
    ringsAt = Number.POSITIVE_INFINITY
    const now = Date.now()
    for (const wait of waits) {
      if (wait.due > now) continue
      // As above: this thread stood still, and the answer may lie there unread.
      if (now > wait.due + LATE_MS && !wait.isLate) Object.assign(wait, { due: now + GRACE_MS, isLate: true })
      else wait.expire()
    }
    const next = Math.min(...Array.from(waits, ({ due }) => due))
    if (Number.isFinite(next)) arm(next)
  }

  return async (work, ms, onExpire) => {
    const { promise: expired, reject } = Promise.withResolvers<never>()
    const wait: Wait = {
      due: Date.now() + ms,
      isLate: false,
      expire() {
        waits.delete(wait)
        reject(new DatabaseUnavailable(`PostgreSQL did not answer within ${ms} ms`))
        onExpire()
      },
    }
    waits.add(wait)
    arm(wait.due)
    try {
      return await Promise.race([work, expired])
    } finally {
      waits.delete(wait)
    }
  }
}
