/** What analytics answers, as tables. */
import type { CsvCell } from '#lib/csv'
import type { UsageReport } from '#core/usage/usage-report'
import type { Overview, Period } from './overview.ts'
import type { Timeseries } from './timeseries.ts'

type Rows = Generator<readonly CsvCell[]>

/** A line for each figure: now and in the span before. */
export function* overviewRows({ current, previous, storage }: Overview): Rows {
  yield ['metric', 'current', 'previous']
  const before = new Map(figuresOf(previous))
  for (const [name, value] of figuresOf(current)) yield [name, value, before.get(name) ?? null]
  yield ['storage.files', storage.files, null]
  yield ['storage.bytes', storage.bytes, null]
}

function figuresOf({ by_status, duration_ms, ...plain }: Period): (readonly [string, CsvCell])[] {
  return [
    ...Object.entries(plain),
    ...Object.entries(by_status).map(([status, count]) => [`by_status.${status}`, count] as const),
    ...Object.entries(duration_ms).map(([name, value]) => [`duration_ms.${name}`, value] as const),
  ]
}

/** A line for each point, a column for each series. */
export function* timeseriesRows({ metric, points, series }: Timeseries): Rows {
  yield ['time', ...series.map(({ key, name, rest }) => (rest ? '(rest)' : (name ?? key ?? metric)))]
  for (const [index, point] of points.entries()) yield [point, ...series.map(({ values }) => values[index] ?? null)]
}

/** A line for each item. */
export function* usageRows({ items, rest, group_by }: UsageReport): Rows {
  const last = rest === null ? [] : [{ key: '(rest)', name: null, ...rest }]
  yield [group_by, 'name', 'calls', 'input_tokens', 'output_tokens', 'total_tokens', 'cost', 'unpriced_calls']
  for (const { key, name, ...row } of [...items, ...last]) {
    const { calls, input_tokens, output_tokens, total_tokens, cost, unpriced_calls } = row
    yield [key, name, calls, input_tokens, output_tokens, total_tokens, cost, unpriced_calls]
  }
}
