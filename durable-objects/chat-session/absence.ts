const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 60_000

/** PostgreSQL is away, and what needs it waits, longer each time. */
export interface Absence {
  /** When it is asked again, in Unix milliseconds; undefined when nothing waits for it. */
  retryAt(): number | undefined
  noted(now: number): void
  /** It is asked again; how long it has been away is forgotten only by `over`. */
  retried(): void
  over(): void
}

export function createAbsence(): Absence {
  let times = 0
  let retryAt: number | undefined
  return {
    retryAt: () => retryAt,
    noted(now) {
      retryAt = now + Math.min(FIRST_RETRY_MS * 2 ** times, MAX_RETRY_MS)
      times += 1
    },
    retried() {
      retryAt = undefined
    },
    over() {
      times = 0
    },
  }
}
