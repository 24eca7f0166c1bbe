import { type SQL, sql } from 'drizzle-orm'
import { percentile } from '#core/analytics/durations'
import { ANALYTICS_PROBLEMS } from '#core/analytics/problems'
import type { TimeRange } from '#core/analytics/time-range'
import {
  type ExecutionMetric,
  executionGroup,
  type Interval,
  isGroupable,
  isTooLong,
  isUsageMetric,
  MAX_POINTS,
  shareOf,
  type Timeseries,
  type TimeseriesFilter,
  usageGroup,
  type UsageMetric,
} from '#core/analytics/timeseries'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { executionFacts } from './execution-facts.ts'
import { findNames } from './find-names.ts'
import { inKnownZone } from './known-zone.ts'
import { noteUncounted } from './note-uncounted.ts'
import { rangeOf } from './range-of.ts'

interface Cell extends Record<string, unknown> {
  /** From 1. */
  readonly point: number
  readonly key: string
  /** A class of durations, for percentiles. */
  readonly bucket: number
  readonly over: string
  /** What it is divided by, for rates and averages. */
  readonly under: string
}

/**
 * A metric over time: an entry for each interval of the span, in the time zone's own days and weeks.
 *
 * @throws AppError `validation_failed`
 */
export async function readTimeseries(ctx: Ctx, filter: TimeseriesFilter): Promise<Timeseries> {
  const range = rangeOf(filter, ctx.now())
  refuseImpossible(range, filter)
  const { db } = ctx
  const beginnings = await inKnownZone(filter.timezone, () => db.execute<{ at: string }>(pointsOf(range, filter)))
  const points = beginnings.map(({ at }) => new Date(at).toISOString())
  const { metric } = filter
  const cells = await db.execute<Cell>(
    isUsageMetric(metric)
      ? usageCells(ctx, filter, metric, range, points)
      : executionCells(ctx, filter, metric, range, points),
  )
  noteUncounted(ctx)
  const keys = topKeys(cells, filter)
  const names = await findNames(ctx, filter.group_by, keys)
  const isOther = ({ key }: Cell) => !keys.includes(key)
  const rest = cells.filter(isOther)
  const toSeries = (some: readonly Cell[], key: string | null, isRest: boolean) => ({
    key: key === '' ? null : key,
    name: key === null ? null : (names.get(key) ?? null),
    rest: isRest,
    values: valuesOf(points.length, some, filter),
  })
  const { interval, every, timezone, group_by = null } = filter
  return {
    metric,
    interval,
    every,
    timezone,
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    group_by,
    points,
    series:
      group_by === null
        ? [toSeries(cells, null, false)]
        : [
            ...keys.map((key) =>
              toSeries(
                cells.filter((cell) => cell.key === key),
                key,
                false,
              ),
            ),
            ...(rest.length === 0 ? [] : [toSeries(rest, null, true)]),
          ],
  }
}

function refuseImpossible(range: TimeRange, filter: TimeseriesFilter): void {
  const refuse = (pointer: string, sentence: keyof typeof ANALYTICS_PROBLEMS): never => {
    const problem = { pointer, sentence: ANALYTICS_PROBLEMS[sentence], params: { limit: MAX_POINTS } }
    throw new AppError('validation_failed', { problems: [problem] })
  }
  if (isTooLong(range, filter)) refuse('/interval', 'too_many_points')
  if (!isGroupable(filter)) refuse('/group_by', 'group')
}

const STEPS: Record<Interval, { readonly unit: string; readonly step: string; readonly isCalendar: boolean }> = {
  quarter_hour: { unit: 'minute', step: '15 minutes', isCalendar: false },
  hour: { unit: 'hour', step: '1 hour', isCalendar: false },
  day: { unit: 'day', step: '1 day', isCalendar: true },
  week: { unit: 'week', step: '1 week', isCalendar: true },
  month: { unit: 'month', step: '1 month', isCalendar: true },
  quarter: { unit: 'quarter', step: '3 months', isCalendar: true },
  year: { unit: 'year', step: '1 year', isCalendar: true },
}

/**
 * When each interval begins. Hours pass as they do; days and what is longer begin when the zone's calendar says so, and
 * last 23 or 25 hours when its clocks are changed.
 */
function pointsOf({ from, to }: TimeRange, { interval, every, timezone }: TimeseriesFilter): SQL {
  const { unit, step, isCalendar } = STEPS[interval]
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()]
  const width = sql`${step}::interval * ${every}::int`
  const first = sql`date_trunc(${unit}, ${start}::timestamptz, ${timezone})`
  const series = isCalendar
    ? sql`select p at time zone ${timezone} as at from generate_series(
        ${first} at time zone ${timezone}, ${end}::timestamptz at time zone ${timezone}, ${width}) p`
    : sql`select p as at from generate_series(${first}, ${end}::timestamptz, ${width}) p`
  return sql`select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from (${series}) s
    where at < ${end}::timestamptz order by s.at`
}

/** Which interval a moment is in, from 1. */
function pointAt(at: SQL, points: readonly string[]): SQL {
  return sql`width_bucket(${at}, ${`{${points.join(',')}}`}::timestamptz[])`
}

const COUNTED: Record<Exclude<ExecutionMetric, `duration_${string}`>, { over: SQL; under: SQL }> = {
  executions: { over: sql`sum(count)`, under: sql`1` },
  completed: { over: sql`coalesce(sum(count) filter (where status = 'completed'), 0)`, under: sql`1` },
  failed: { over: sql`coalesce(sum(count) filter (where status in ('failed', 'timeout')), 0)`, under: sql`1` },
  cancelled: { over: sql`coalesce(sum(count) filter (where status = 'cancelled'), 0)`, under: sql`1` },
  success_rate: {
    over: sql`coalesce(sum(count) filter (where status = 'completed'), 0)`,
    under: sql`coalesce(sum(count) filter (where status in ('completed', 'failed', 'timeout')), 0)`,
  },
}
const JUDGED = sql`filter (where status in ('completed', 'failed', 'timeout'))`

function countedBy(metric: ExecutionMetric): { over: SQL; under: SQL } {
  if (metric === 'duration_avg') {
    return { over: sql`coalesce(sum(duration_ms) ${JUDGED}, 0)`, under: sql`coalesce(sum(count) ${JUDGED}, 0)` }
  }
  if (metric === 'duration_p50' || metric === 'duration_p95' || metric === 'duration_p99') {
    return { over: sql`coalesce(sum(count) ${JUDGED}, 0)`, under: sql`1` }
  }
  return COUNTED[metric]
}

function executionCells(
  { db, principal }: Ctx,
  { group_by, metric: asked }: TimeseriesFilter,
  metric: ExecutionMetric,
  range: TimeRange,
  points: readonly string[],
): SQL {
  const { over, under } = countedBy(metric)
  const group = executionGroup(group_by) ?? 'all'
  const moments = [range.from, ...points.slice(1).map((at) => Date.parse(at)), range.to]
  const facts = executionFacts(db, principal.workspaceId, group === 'node_type' ? [group] : [group], moments)
  const bucket = shareOf(asked) === undefined ? sql`-1` : sql`bucket`
  return sql`select ${pointAt(sql`slot`, points)} as point, key, ${bucket} as bucket, (${over})::text as over,
    (${under})::text as under from (${facts}) f group by 1, 2, 3`
}

const SPENT: Record<UsageMetric, SQL> = {
  model_calls: sql`count(*)`,
  tokens: sql`sum(input_tokens + output_tokens)`,
  input_tokens: sql`sum(input_tokens)`,
  output_tokens: sql`sum(output_tokens)`,
  cost: sql`coalesce(sum(cost), 0)`,
}
const SPENDERS = {
  workflow: sql`workflow_id::text`,
  agent: sql`agent_id::text`,
  model: sql`model`,
  user: sql`user_id::text`,
} as const

function usageCells(
  { db, principal }: Ctx,
  { group_by }: TimeseriesFilter,
  metric: UsageMetric,
  { from, to }: TimeRange,
  points: readonly string[],
): SQL {
  const group = usageGroup(group_by)
  return sql`select ${pointAt(sql`at`, points)} as point,
    ${group === undefined ? sql`''` : sql`coalesce(${SPENDERS[group]}, '')`} as key, -1 as bucket,
    (${SPENT[metric]})::text as over, '1' as under from ${db.tables.usageLedger}
    where "workspace_id" = ${principal.workspaceId} and at >= ${new Date(from).toISOString()}::timestamptz
      and at < ${new Date(to).toISOString()}::timestamptz group by 1, 2`
}

/** The largest, the largest first; for rates and averages those with the most behind them. */
function topKeys(cells: readonly Cell[], { group_by, metric, top }: TimeseriesFilter): readonly string[] {
  if (group_by === undefined) return []
  const isRatio = metric === 'success_rate' || metric === 'duration_avg'
  const sums = [...Map.groupBy(cells, ({ key }) => key)].map(([key, some]) => ({
    key,
    sum: some.reduce((sum, { over, under }) => sum + Number(isRatio ? under : over), 0),
  }))
  const largest = sums.toSorted((a, b) => b.sum - a.sum || (a.key < b.key ? -1 : 1))
  return largest.slice(0, top).map(({ key }) => key)
}

function valuesOf(count: number, cells: readonly Cell[], { metric }: TimeseriesFilter): (number | null)[] {
  const byPoint = Map.groupBy(cells, ({ point }) => point)
  const share = shareOf(metric)
  return Array.from({ length: count }, (_, index) => {
    const some = byPoint.get(index + 1) ?? []
    if (share !== undefined) {
      const histogram = new Map<number, number>()
      for (const { bucket, over } of some) histogram.set(bucket, Number(over))
      return percentile(histogram, share)
    }
    const over = some.reduce((sum, cell) => sum + Number(cell.over), 0)
    if (metric !== 'success_rate' && metric !== 'duration_avg') return over
    const under = some.reduce((sum, cell) => sum + Number(cell.under), 0)
    return under === 0 ? null : over / under
  })
}
