import { ANALYTICS_PROBLEMS } from '#core/analytics/problems'
import { readRange, type TimeRange } from '#core/analytics/time-range'
import { AppError } from '#core/errors'

/** @throws AppError `validation_failed` for a span that is empty or too long */
export function rangeOf(query: Parameters<typeof readRange>[0], now: number): TimeRange {
  const range = readRange(query, now)
  if (range === undefined) {
    throw new AppError('validation_failed', { problems: [{ pointer: '/from', sentence: ANALYTICS_PROBLEMS.range }] })
  }
  return range
}
