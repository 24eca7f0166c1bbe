/** What is counted by quarters of an hour and by days of UTC, read with as few rows as give the same. */
import type { TimeRange } from './time-range.ts'

const DAY_MS = 24 * 60 * 60_000

/** Counts of which width are to be read in this range. */
export interface CountedRange extends TimeRange {
  readonly span: 'quarter_hour' | 'day'
}

/**
 * The ranges of counts between the first moment and the last, such that none reaches over a moment in between: whole
 * days of UTC by day, what is left of them by quarter of an hour. They touch and do not overlap.
 *
 * @param moments ascending Unix milliseconds, each at the beginning of a quarter of an hour
 */
export function rangesBetween(moments: readonly number[]): readonly CountedRange[] {
  const ranges: CountedRange[] = []
  for (const [index, to] of moments.slice(1).entries()) {
    const from = moments[index] ?? to
    const [first, last] = [Math.ceil(from / DAY_MS) * DAY_MS, Math.floor(to / DAY_MS) * DAY_MS]
    if (first >= last) add(ranges, { span: 'quarter_hour', from, to })
    else {
      add(ranges, { span: 'quarter_hour', from, to: first })
      add(ranges, { span: 'day', from: first, to: last })
      add(ranges, { span: 'quarter_hour', from: last, to })
    }
  }
  return ranges
}

function add(ranges: CountedRange[], range: CountedRange): void {
  const last = ranges.at(-1)
  if (range.from >= range.to) return
  if (last?.span === range.span && last.to === range.from) ranges[ranges.length - 1] = { ...last, to: range.to }
  else ranges.push(range)
}
