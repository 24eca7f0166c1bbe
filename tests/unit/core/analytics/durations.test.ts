import { describe, expect, it } from 'vitest'
import { CLASSES_PER_DOUBLING, percentile } from '#core/analytics/durations'

/** As the database sorts them into classes. */
function histogramOf(durations: readonly number[]): Map<number, number> {
  const histogram = new Map<number, number>()
  for (const ms of durations) {
    const index = ms < 1 ? 0 : Math.floor(Math.log2(ms) * CLASSES_PER_DOUBLING + 1e-9) + 1
    histogram.set(index, (histogram.get(index) ?? 0) + 1)
  }
  return histogram
}

describe('percentiles out of classes', () => {
  it.each([
    ['one second each', Array.from({ length: 100 }, () => 1_000)],
    ['from 1 to 10,000 ms', Array.from({ length: 10_000 }, (_, index) => index + 1)],
    ['two humps', [...Array.from({ length: 94 }, () => 20), ...Array.from({ length: 6 }, () => 90_000)]],
    ['powers of two', Array.from({ length: 31 }, (_, index) => 2 ** index)],
  ])('are within 19 %%: %s', (_, durations) => {
    const sorted = durations.toSorted((a, b) => a - b)
    for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      const told = percentile(histogramOf(durations), share) ?? 0
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.19 + 1)
    }
  })

  it('of nothing are null, of what took no time 0', () => {
    expect(percentile(new Map(), 0.5)).toBeNull()
    expect(percentile(new Map([[0, 5]]), 0.99)).toBe(0)
  })
})
