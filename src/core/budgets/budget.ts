import { z } from 'zod'
import { Email } from '#core/auth/fields'

export const BUDGETS_MAX = 100

const BUDGET_SCOPES = ['workspace', 'agent', 'workflow', 'model', 'user'] as const
const BUDGET_PERIODS = ['day', 'week', 'month'] as const

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  // It stands in the subject of mails.
  .regex(/^\P{Cc}*$/u)
const limit = z
  .number()
  .min(0.000_001)
  .max(100_000_000)
  .describe('US dollars, as `cost` everywhere: what models may cost in one period.')
const thresholds = z
  .array(z.int().min(1).max(1_000))
  .max(10)
  .transform((some) => [...new Set(some)].toSorted((a, b) => a - b))
  .describe('Percent of the limit: each is told once a period.')
const hardStop = z.boolean().describe('Models are not asked any more once the limit is reached, until the period ends.')
const mailTo = z.array(Email).max(20).describe('Confirmed addresses of members of the workspace.')

export const BudgetInput = z
  .strictObject({
    name,
    scope: z.enum(BUDGET_SCOPES).default('workspace').describe('Whose calls of models count.'),
    target: z
      .string()
      .max(200)
      .nullable()
      .default(null)
      .describe('The id of the agent, workflow or member, or `provider/model`; null for the workspace.'),
    period: z.enum(BUDGET_PERIODS).default('month').describe('Weeks begin on Monday.'),
    timezone: z.string().max(64).default('UTC').describe('IANA name: where days, weeks and months begin.'),
    limit,
    thresholds: thresholds.default([50, 80, 100]),
    hard_stop: hardStop.default(false),
    mail_to: mailTo.default([]),
  })
  .meta({ id: 'BudgetInput' })
export type BudgetInput = z.infer<typeof BudgetInput>

/** What it counts stays: another scope or period is another budget. */
export const BudgetPatch = z
  .strictObject({
    name: name.optional(),
    limit: limit.optional(),
    thresholds: thresholds.optional(),
    hard_stop: hardStop.optional(),
    mail_to: mailTo.optional(),
  })
  .meta({ id: 'BudgetPatch' })
export type BudgetPatch = z.infer<typeof BudgetPatch>

const dollars = z.number().describe('US dollars')

/** How a budget stands in the period that goes on. */
const BudgetCurrent = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime().describe('When the next period begins.'),
  spent: dollars,
  remaining: dollars,
  percent: z.number().describe('Of the limit; more than 100 when more was spent.'),
  reached: z.array(z.object({ threshold: z.int(), at: z.iso.datetime() })).describe('Thresholds that were told.'),
  stopped: z.boolean().describe('Whether models are not asked any more because of it.'),
})

export const Budget = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scope: z.enum(BUDGET_SCOPES),
    target: z.string().nullable(),
    period: z.enum(BUDGET_PERIODS),
    timezone: z.string(),
    limit: dollars,
    thresholds: z.array(z.int()),
    hard_stop: z.boolean(),
    mail_to: z.array(z.string()).describe('Of those who are members still.'),
    current: BudgetCurrent,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Budget' })
export type Budget = z.infer<typeof Budget>

export const BudgetFilter = z.object({
  scope: z.enum(BUDGET_SCOPES).optional(),
  target: z.string().max(200).optional(),
  search: z.string().max(200).optional().describe('Within names.'),
})
export type BudgetFilter = z.infer<typeof BudgetFilter>
