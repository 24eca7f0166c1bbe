import { sql } from 'drizzle-orm'
import {
  boolean,
  index,
  integer,
  numeric,
  type pgSchema,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** US dollars, as the ledger has them. */
const dollars = () => numeric({ precision: 18, scale: 9, mode: 'number' })

/** What a workspace wants to spend on models, what it has spent of it, and who is told. */
export function budgetTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const budgets = schema.table(
    'budgets',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      name: text().notNull(),
      scope: text({ enum: ['workspace', 'agent', 'workflow', 'model', 'user'] }).notNull(),
      /** The id, or `provider/model`; null for the workspace. */
      target: text(),
      period: text({ enum: ['day', 'week', 'month'] }).notNull(),
      timezone: text().notNull(),
      limit: dollars().notNull(),
      /** Percent of the limit, ascending. */
      thresholds: integer().array().notNull(),
      hard_stop: boolean().notNull(),
      /** Members: where they read mail, and whether they are members still, is looked up when there is something to tell. */
      mail_to: uuid().array().notNull(),
      /** When the ledger is added up once more; see count-spent.ts, B3. */
      recount_at: moment(),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      index('budgets_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      index('budgets_recount_idx')
        .on(t.recount_at)
        .where(sql`${t.recount_at} is not null`),
    ],
  )

  /** What was spent in each period: a sum of ledger rows, kept with them. */
  const budgetPeriods = schema.table(
    'budget_periods',
    {
      budget_id: ownedBy(budgets),
      started_at: moment().notNull(),
      workspace_id: uuid().notNull(),
      spent: dollars().notNull(),
    },
    (t) => [primaryKey({ columns: [t.budget_id, t.started_at] })],
  )

  /** Thresholds that were reached: written with the ledger row that reached them, and the outbox of who is told. */
  const budgetAlerts = schema.table(
    'budget_alerts',
    {
      id: uuid().primaryKey(),
      workspace_id: uuid().notNull(),
      budget_id: ownedBy(budgets),
      period_start: moment().notNull(),
      threshold: integer().notNull(),
      /** What they were at that moment. */
      spent: dollars().notNull(),
      limit: dollars().notNull(),
      fired_at: moment().notNull(),
      /** Since when a raised limit lets it be reached once more. */
      rearmed_at: moment(),
      /** When the event was written down. */
      told_at: moment(),
      /** When mail is tried next; null once none is owed. */
      mail_at: moment(),
      mail_attempts: integer().notNull().default(0),
      /** Who has it. */
      mailed_to: uuid()
        .array()
        .notNull()
        .default(sql`'{}'::uuid[]`),
    },
    (t) => [
      uniqueIndex('budget_alerts_once_key')
        .on(t.budget_id, t.period_start, t.threshold)
        .where(sql`${t.rearmed_at} is null`),
      index('budget_alerts_owed_idx')
        .on(t.workspace_id, t.fired_at)
        .where(sql`${t.told_at} is null or ${t.mail_at} is not null`),
    ],
  )
  return { budgets, budgetPeriods, budgetAlerts }
}
