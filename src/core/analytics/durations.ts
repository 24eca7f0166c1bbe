/** Durations by classes, each a quarter of an octave wide: percentiles of any number of them, out of their counts. */

/** Classes in one doubling: what is told of a percentile is at most 19 % off. */
export const CLASSES_PER_DOUBLING = 4

/** Class → how many durations are in it. Class 0 is below a millisecond. */
export type Histogram = ReadonlyMap<number, number>

/**
 * The duration that a share of all does not exceed, in milliseconds; null of none.
 *
 * @param share between 0 and 1
 */
export function percentile(histogram: Histogram, share: number): number | null {
  const classes = [...histogram].toSorted(([a], [b]) => a - b)
  const total = classes.reduce((sum, [, count]) => sum + count, 0)
  if (total === 0) return null
  let rank = share * total
  for (const [index, count] of classes) {
    if (rank <= count) return Math.round(within(index, rank / count))
    rank -= count
  }
  return Math.round(within(classes.at(-1)?.[0] ?? 0, 1))
}

/** Within a class as if its durations were spread evenly. */
function within(index: number, part: number): number {
  if (index <= 0) return 0
  const start = 2 ** ((index - 1) / CLASSES_PER_DOUBLING)
  return start + (2 ** (index / CLASSES_PER_DOUBLING) - start) * part
}
