import { z } from 'zod'
import { Moment } from '#core/analytics/time-range'
import { UsageSource } from './usage-entry.ts'

export const USAGE_GROUPS = ['model', 'day', 'workflow', 'agent', 'user', 'source'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

const totals = {
  calls: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int(),
  cost: z.number().describe('US dollars, of the calls whose price is known'),
  unpriced_calls: z.int().describe('Calls whose price is not known'),
}
export const UsageTotals = z.object(totals)
export type UsageTotals = z.infer<typeof UsageTotals>

export const UsageReport = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  group_by: z.enum(USAGE_GROUPS),
  total: UsageTotals,
  items: z.array(
    z.object({
      key: z
        .string()
        .nullable()
        .describe('provider/model, day, id of the workflow, agent or user, or the source; null: none'),
      name: z.string().nullable().describe('Of the workflow, agent or user, if it is still there.'),
      ...totals,
    }),
  ),
  rest: UsageTotals.nullable().describe('Of all that are not among the items; null where there are none.'),
})
export type UsageReport = z.infer<typeof UsageReport>

export const UsageFilter = z.object({
  from: Moment.optional().describe('Absent: the first of this month in UTC'),
  to: Moment.optional().describe('Absent: now'),
  group_by: z.enum(USAGE_GROUPS).default('model'),
  source: UsageSource.optional(),
  workflow_id: z.uuid().optional(),
  agent_id: z.uuid().optional(),
  model: z.string().max(200).optional(),
  timezone: z.string().max(64).default('UTC').describe('IANA name: where days begin.'),
  top: z.coerce.number().int().min(1).max(1_000).default(1_000).describe('The dearest, each by itself.'),
  format: z.enum(['json', 'csv']).optional().describe('`csv`, as `Accept: text/csv`, for a table.'),
})
export type UsageFilter = z.infer<typeof UsageFilter>

/** The first moment of the calendar month in UTC. */
export function monthOf(now: number): Date {
  const date = new Date(now)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1))
}
