import { z } from 'zod'
import { CsvFormat } from './overview.ts'
import { RangeQuery, type TimeRange } from './time-range.ts'

export const MAX_POINTS = 1_000

const EXECUTION_METRICS = ['executions', 'completed', 'failed', 'cancelled', 'success_rate', 'duration_avg'] as const
const PERCENTILES = ['duration_p50', 'duration_p95', 'duration_p99'] as const
const USAGE_METRICS = ['model_calls', 'tokens', 'input_tokens', 'output_tokens', 'cost'] as const
export type ExecutionMetric = (typeof EXECUTION_METRICS)[number] | (typeof PERCENTILES)[number]
export type UsageMetric = (typeof USAGE_METRICS)[number]

const EXECUTION_GROUPS = ['workflow', 'user', 'node_type'] as const
const USAGE_GROUPS = ['workflow', 'agent', 'model', 'user'] as const
export type ExecutionGroup = (typeof EXECUTION_GROUPS)[number]
export type UsageGroup = (typeof USAGE_GROUPS)[number]

const INTERVALS = ['quarter_hour', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type Interval = (typeof INTERVALS)[number]

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The shortest that one can be. */
const LEAST_MS: Record<Interval, number> = {
  quarter_hour: 15 * MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: 22 * 60 * MINUTE_MS,
  week: 6.9 * DAY_MS,
  month: 27.9 * DAY_MS,
  quarter: 89 * DAY_MS,
  year: 364 * DAY_MS,
}

export const TimeseriesFilter = z.object({
  metric: z
    .enum([...EXECUTION_METRICS, ...PERCENTILES, ...USAGE_METRICS])
    .default('executions')
    .describe('By `node_type` executions are visits of nodes. Durations in milliseconds, cost in US dollars.'),
  ...RangeQuery,
  interval: z.enum(INTERVALS).default('day'),
  every: z.coerce.number().int().min(1).max(1_000).default(1).describe('That many intervals in one point.'),
  timezone: z.string().max(64).default('UTC').describe('IANA name: where days, weeks and months begin.'),
  group_by: z
    .enum(['workflow', 'node_type', 'agent', 'model', 'user'])
    .optional()
    .describe('Executions by workflow, node_type or user; tokens, cost and calls by workflow, agent, model or user.'),
  top: z.coerce.number().int().min(1).max(50).default(5).describe('The largest, each by itself; the rest is one.'),
  format: CsvFormat,
})
export type TimeseriesFilter = z.infer<typeof TimeseriesFilter>

export const Timeseries = z
  .object({
    metric: z.string(),
    interval: z.enum(INTERVALS),
    every: z.int(),
    timezone: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    group_by: z.string().nullable(),
    points: z.array(z.iso.datetime()).describe('When each interval begins.'),
    series: z.array(
      z.object({
        key: z.string().nullable().describe('Null without a group, for none, and for the rest.'),
        name: z.string().nullable().describe('Of the workflow, agent or user, if it is still there.'),
        rest: z.boolean().describe('All that are not among the largest.'),
        values: z
          .array(z.number().nullable())
          .describe('One for each point; 0 where nothing was, null for a rate or a duration of nothing.'),
      }),
    ),
  })
  .meta({ id: 'AnalyticsTimeseries' })
export type Timeseries = z.infer<typeof Timeseries>

export function isUsageMetric(metric: TimeseriesFilter['metric']): metric is UsageMetric {
  return USAGE_METRICS.some((one) => one === metric)
}

/** The class of a metric's percentile, or undefined for any other. */
export function shareOf(metric: TimeseriesFilter['metric']): number | undefined {
  return metric.startsWith('duration_p') ? Number(metric.slice('duration_p'.length)) / 100 : undefined
}

export function executionGroup(group: TimeseriesFilter['group_by']): ExecutionGroup | undefined {
  return EXECUTION_GROUPS.find((one) => one === group)
}

export function usageGroup(group: TimeseriesFilter['group_by']): UsageGroup | undefined {
  return USAGE_GROUPS.find((one) => one === group)
}

/** Whether a metric can be told by this group. */
export function isGroupable({ metric, group_by: group }: TimeseriesFilter): boolean {
  if (group === undefined) return true
  if (isUsageMetric(metric)) return usageGroup(group) !== undefined
  return shareOf(metric) === undefined && executionGroup(group) !== undefined
}

/** Whether a span may have more points than are told. */
export function isTooLong({ from, to }: TimeRange, { interval, every }: TimeseriesFilter): boolean {
  return (to - from) / (LEAST_MS[interval] * every) > MAX_POINTS - 2
}
