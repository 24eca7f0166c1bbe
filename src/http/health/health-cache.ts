/**
 * What one isolate knows of its parts. Requests may not await each other's promises in a Worker, so the state is plain
 * data and each request decides alone.
 *
 * I1  A report younger than `FRESH_MS` is used again.
 * I2  While one request probes, the others use the last report as long as it is younger than `STALE_MS`.
 * I3  A probe that never came back (its request was cancelled) blocks I2 for no longer than `STALE_MS`.
 */
const FRESH_MS = 1000
/** The longest probe, twice. */
const STALE_MS = 4000

export interface HealthReport<Parts> {
  readonly components: Parts
  /** Unix milliseconds. */
  readonly checkedAt: number
  /** Unix milliseconds of the first question to this isolate; before that, a Worker has no clock. */
  readonly startedAt: number
}

export interface HealthCache<Parts> {
  read(now: () => number, probe: () => Promise<Parts>): Promise<HealthReport<Parts>>
}

/** An empty cache. */
export function createHealthCache<Parts>(): HealthCache<Parts> {
  let startedAt: number | undefined
  let last: HealthReport<Parts> | undefined
  let probingSince = Number.NEGATIVE_INFINITY

  function isUsable(report: HealthReport<Parts>, time: number): boolean {
    const age = time - report.checkedAt
    // The clock has been set back: how old it is nobody can say.
    if (age < 0) return false
    if (age < FRESH_MS) return true
    return time - probingSince < STALE_MS && age < STALE_MS
  }

  return {
    async read(now, probe) {
      const time = now()
      startedAt ??= time
      if (last !== undefined && isUsable(last, time)) return last
      probingSince = time
      const components = await probe()
      probingSince = Number.NEGATIVE_INFINITY
      last = { components, checkedAt: now(), startedAt }
      return last
    },
  }
}
