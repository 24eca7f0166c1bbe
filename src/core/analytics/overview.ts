import { z } from 'zod'
import { EXECUTION_STATUSES } from '#core/workflow/run'
import { RangeQuery } from './time-range.ts'

export const CsvFormat = z.enum(['json', 'csv']).optional().describe('`csv`, as `Accept: text/csv`, for a table.')

export const OverviewFilter = z.object({ ...RangeQuery, format: CsvFormat })
export type OverviewFilter = z.infer<typeof OverviewFilter>

const milliseconds = z.number().nullable()

/** Every status is there, also with 0. */
export const StatusCounts = z.record(z.enum(EXECUTION_STATUSES), z.int())

const Period = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  executions: z.int(),
  by_status: StatusCounts,
  success_rate: z
    .number()
    .nullable()
    .describe('Completed among completed, failed and timed out, between 0 and 1; null where there is none.'),
  duration_ms: z
    .object({ average: milliseconds, p50: milliseconds, p95: milliseconds, p99: milliseconds })
    .describe('From start to end of those that ended and were not cancelled; percentiles within 19 %.'),
  model_calls: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cost: z.number().describe('US dollars, of the calls whose price is known.'),
  active_users: z.int().describe('Who started executions or asked models.'),
})
export type Period = z.infer<typeof Period>

/** How the workspace has fared. */
export const Overview = z
  .object({
    current: Period,
    previous: Period.describe('The span of the same length right before.'),
    storage: z.object({ files: z.int(), bytes: z.int() }).describe('Now.'),
  })
  .meta({ id: 'AnalyticsOverview' })
export type Overview = z.infer<typeof Overview>
