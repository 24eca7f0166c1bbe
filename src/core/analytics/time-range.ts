import { z } from 'zod'

export const QUARTER_HOUR_MS = 15 * 60_000
const DAY_MS = 24 * 60 * 60_000
const DEFAULT_DAYS = 30
/** Ten years, and no number that PostgreSQL does not take. */
const MAX_RANGE_MS = 3_700 * DAY_MS
const FIRST = Date.UTC(2000, 0, 1)
const LAST = Date.UTC(2200, 0, 1)

/** A time that PostgreSQL takes, and somebody may mean. */
export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const at = Date.parse(text)
  return at >= FIRST && at < LAST
})

/** The query's span of time. */
export const RangeQuery = {
  from: Moment.optional().describe(`Absent: ${DEFAULT_DAYS} days before \`to\`. Rounded down to a quarter of an hour.`),
  to: Moment.optional().describe('Absent: now. Rounded up to a quarter of an hour.'),
}

/** Unix milliseconds, from the first to before the second. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** Undefined for a span that is empty or too long. */
export function readRange(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
) {
  const to = query.to === undefined ? now : Date.parse(query.to)
  const from = query.from === undefined ? to - DEFAULT_DAYS * DAY_MS : Date.parse(query.from)
  const range: TimeRange = {
    from: Math.floor(from / QUARTER_HOUR_MS) * QUARTER_HOUR_MS,
    to: Math.ceil(to / QUARTER_HOUR_MS) * QUARTER_HOUR_MS,
  }
  return to > from && to - from <= MAX_RANGE_MS ? range : undefined
}
