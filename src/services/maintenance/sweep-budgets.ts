import { inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const ROWS_AT_ONCE = 1_000
const WORKSPACES_AT_ONCE = 100
/** Later than any round takes: then its alarm is lost, or was never set, since a crash came before. */
const LATE_MS = 5 * 60 * 1000
/** More than a year, so that last year's month can still be asked for. */
const KEPT_MS = 400 * DAY_MS

/**
 * Wakes workspaces that owe somebody word of a budget, and forgets periods that are long over.
 *
 * @returns whether there may be more
 */
export async function sweepBudgets({ db, env, now }: MaintenanceCtx): Promise<boolean> {
  const { budgets, budgetPeriods: periods, budgetAlerts: alerts } = db.tables
  const late = new Date(now() - LATE_MS)
  const isUntold = sql`(${isNull(alerts.told_at)} and ${lt(alerts.fired_at, late)})`
  const [owing, counting] = await db.batch([
    db
      .selectDistinct({ id: alerts.workspace_id })
      .from(alerts)
      .where(or(isUntold, lt(alerts.mail_at, late)))
      .limit(WORKSPACES_AT_ONCE),
    db
      .selectDistinct({ id: budgets.workspace_id })
      .from(budgets)
      .where(lt(budgets.recount_at, late))
      .limit(WORKSPACES_AT_ONCE),
  ])
  await Promise.allSettled([...owing, ...counting].map(({ id }) => eventDispatch(env, id).poke(id)))

  const before = new Date(now() - KEPT_MS)
  const oldAlerts = db.select({ id: alerts.id }).from(alerts).where(lt(alerts.period_start, before)).limit(ROWS_AT_ONCE)
  const gone = await db.delete(alerts).where(inArray(alerts.id, oldAlerts)).returning({ id: alerts.id })
  const oldPeriods = sql`select ctid from ${periods} where ${lt(periods.started_at, before)} limit ${ROWS_AT_ONCE}::int`
  const [ended] = await db.execute<{ count: number }>(
    sql`with gone as (delete from ${periods} where ctid = any(array(${oldPeriods})) returning 1 as one)
      select count(*)::int as count from gone`,
  )
  return gone.length === ROWS_AT_ONCE || Number(ended?.count) === ROWS_AT_ONCE
}
