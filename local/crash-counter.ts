/** Something that dies now and then is started again; something that dies at once, always, is broken. */
const WINDOW_MS = 60_000
const LIMIT = 5

/** Counts crashes: `isTooMany` notes one, and tells whether there were more than five within a minute. */
export function createCrashCounter(now: () => number = () => performance.now()): { isTooMany(): boolean } {
  let times: readonly number[] = []
  return {
    isTooMany() {
      times = [...times.filter((time) => time > now() - WINDOW_MS), now()]
      return times.length > LIMIT
    },
  }
}
