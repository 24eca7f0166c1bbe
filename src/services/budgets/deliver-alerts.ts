import { and, asc, eq, isNull, lte, min, sql } from 'drizzle-orm'
import { type BudgetAlert, budgetEvent } from '#core/budgets/alert'
import { connectWithin, type Db } from '#db/connect'
import { insertEvent } from '#services/events/insert-event'
import { endOf, holdBudget, recount } from './count-spent.ts'

const AT_ONCE = 100

/** An alert as its row stands, with whom it is for. */
export interface OwedAlert {
  readonly alert: BudgetAlert
  readonly mailTo: readonly string[]
  readonly mailedTo: readonly string[]
  readonly mailAttempts: number
}

/**
 * Adds up what is to be added up once more, and writes the events of thresholds that were reached down for whoever
 * subscribes to them. Each is written once, however often this is repeated.
 *
 * @throws DatabaseUnavailable
 */
export async function tellAlerts(env: Env, workspaceId: string): Promise<void> {
  const db = connectWithin(env, workspaceId)
  const { budgets, budgetAlerts: alerts } = db.tables
  const isOurs = eq(budgets.workspace_id, workspaceId)
  const now = Date.now()
  const due = await db
    .select({ id: budgets.id })
    .from(budgets)
    .where(and(isOurs, lte(budgets.recount_at, new Date(now))))
  for (const { id } of due) {
    const done = db
      .update(budgets)
      .set({ recount_at: null })
      .where(and(isOurs, eq(budgets.id, id)))
    await db.batch([holdBudget(db, workspaceId, id), recount(db, workspaceId, id, now), done])
  }
  for (const { alert } of await selectAlerts(db, workspaceId, isNull(alerts.told_at))) {
    const told = db
      .update(alerts)
      .set({ told_at: sql`now()` })
      .where(and(eq(alerts.workspace_id, workspaceId), eq(alerts.id, alert.id)))
    await db.batch([insertEvent(db, workspaceId, budgetEvent(alert)), told])
  }
}

/**
 * When budgets want to be looked after next, in Unix milliseconds; undefined when nothing is owed.
 *
 * @throws DatabaseUnavailable
 */
export async function nextAlertAt(env: Env, workspaceId: string): Promise<number | undefined> {
  const db = connectWithin(env, workspaceId)
  const { budgets, budgetAlerts: alerts } = db.tables
  const [[counting], [mailing], [telling]] = await db.batch([
    db
      .select({ at: min(budgets.recount_at) })
      .from(budgets)
      .where(eq(budgets.workspace_id, workspaceId)),
    db
      .select({ at: min(alerts.mail_at) })
      .from(alerts)
      .where(eq(alerts.workspace_id, workspaceId)),
    db
      .select({ at: min(alerts.fired_at) })
      .from(alerts)
      .where(and(eq(alerts.workspace_id, workspaceId), isNull(alerts.told_at))),
  ])
  const times = [counting?.at, mailing?.at, telling?.at].flatMap((at) => at?.getTime() ?? [])
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Alerts with what their budgets say, the highest threshold of a budget first. */
export async function selectAlerts(
  db: Db,
  workspaceId: string,
  wanted: ReturnType<typeof and>,
): Promise<readonly OwedAlert[]> {
  const { budgets, budgetAlerts: alerts } = db.tables
  const end = sql`(select ${endOf(sql`${alerts.period_start}`)} from (select ${budgets.timezone} as timezone, ${budgets.period} as period) b)`
  const rows = await db
    .select({ alert: alerts, budget: budgets, to: sql`extract(epoch from ${end}) * 1000`.mapWith(Number) })
    .from(alerts)
    .innerJoin(budgets, and(eq(budgets.id, alerts.budget_id), eq(budgets.workspace_id, workspaceId)))
    .where(and(eq(alerts.workspace_id, workspaceId), wanted))
    .orderBy(asc(alerts.budget_id), asc(alerts.period_start), sql`${alerts.threshold} desc`)
    .limit(AT_ONCE)
  return rows.map(({ alert, budget, to }) => {
    const { name, scope, target, period, timezone, hard_stop, mail_to: mailTo } = budget
    const { id, threshold, spent, limit } = alert
    const span = { from: alert.period_start.toISOString(), to: new Date(to).toISOString() }
    const said = { name, scope, target, period, timezone, hard_stop, id, budgetId: budget.id, threshold, spent, limit }
    return {
      alert: { ...said, ...span, at: alert.fired_at.getTime() },
      mailTo,
      mailedTo: alert.mailed_to,
      mailAttempts: alert.mail_attempts,
    }
  })
}
