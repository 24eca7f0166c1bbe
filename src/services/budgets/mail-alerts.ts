import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { readConfig } from '#config'
import { type BudgetAlert, writeBudgetMail } from '#core/budgets/alert'
import { nextDelay } from '#core/events/delivery'
import { connectWithin, type Db } from '#db/connect'
import { describeError, logLine } from '#lib/log'
import { createMailer, type MailBindings, type Mailer } from '#mail/mailer'
import { isMailable } from './check-budget.ts'
import { type OwedAlert, selectAlerts } from './deliver-alerts.ts'

/** In one round: each may take the mailer's whole deadline. */
const MAX_FAILURES = 3
/** Of one budget in one period: who raises and lowers a limit again and again fills nobody's mailbox. */
const MAX_ALERTS = 25

/**
 * Mails the members whom budgets name what was reached, the highest of what is owed alone: at least once, once as far as
 * possible. What is not taken is tried again for a day.
 *
 * @throws DatabaseUnavailable
 */
export async function mailAlerts(env: Env & MailBindings, workspaceId: string): Promise<void> {
  const db = connectWithin(env, workspaceId)
  const { budgetAlerts: alerts } = db.tables
  const owed = await selectAlerts(db, workspaceId, lte(alerts.mail_at, new Date(Date.now())))
  if (owed.length === 0) return
  const mailer = createMailer(readConfig(env), env)
  let failures = 0
  for (const group of Map.groupBy(owed, ({ alert }) => `${alert.budgetId} ${alert.from}`).values()) {
    const [highest, ...others] = group
    if (highest === undefined || failures >= MAX_FAILURES) break
    await settle(db, workspaceId, others, { mail_at: null })
    const { alert } = highest
    if (mailer === undefined || (await isFull(db, workspaceId, alert))) {
      await settle(db, workspaceId, [highest], { mail_at: null })
      logLine('warn', { event: 'budget_not_mailed', workspace_id: workspaceId, budget_id: alert.budgetId })
    } else {
      failures += await mailOne(db, workspaceId, mailer, highest)
    }
  }
}

/** @returns how many did not get it now */
async function mailOne(db: Db, workspaceId: string, mailer: Mailer, owed: OwedAlert): Promise<number> {
  const { alert, mailTo, mailedTo, mailAttempts } = owed
  const left = mailTo.filter((id) => !mailedTo.includes(id))
  const mail = writeBudgetMail(alert)
  const { budgetAlerts: alerts } = db.tables
  let failures = 0
  const people = await findAddresses(db, workspaceId, left)
  // Others come first each time: addresses that nobody takes mail for hold up nobody else.
  const first = (mailAttempts * MAX_FAILURES) % Math.max(people.length, 1)
  for (const { id, email } of [...people.slice(first), ...people.slice(0, first)]) {
    if (failures >= MAX_FAILURES) break
    try {
      await mailer.send({ to: email, ...mail })
      await settle(db, workspaceId, [owed], { mailed_to: sql`array_append(${alerts.mailed_to}, ${id}::uuid)` })
    } catch (error) {
      failures += 1
      logLine('warn', { event: 'budget_mail_failed', budget_id: alert.budgetId, error: describeError(error) })
    }
  }
  const delay = failures === 0 ? undefined : nextDelay(mailAttempts + 1, Math.random())
  const mail_at = delay === undefined ? null : new Date(Date.now() + delay)
  await settle(db, workspaceId, [owed], { mail_at, mail_attempts: mailAttempts + 1 })
  return failures
}

type Change = Parameters<ReturnType<Db['update']>['set']>[0]

async function settle(db: Db, workspaceId: string, owed: readonly OwedAlert[], change: Change): Promise<void> {
  const { budgetAlerts: alerts } = db.tables
  const ids = owed.map(({ alert }) => alert.id)
  if (ids.length === 0) return
  const isTheirs = and(eq(alerts.workspace_id, workspaceId), inArray(alerts.id, ids))
  await db.update(alerts).set(change).where(isTheirs)
}

async function isFull(db: Db, workspaceId: string, { budgetId, from }: BudgetAlert): Promise<boolean> {
  const { budgetAlerts: alerts } = db.tables
  const isOfPeriod = and(eq(alerts.budget_id, budgetId), eq(alerts.period_start, new Date(from)))
  const isMailed = sql`cardinality(${alerts.mailed_to}) > 0`
  return (await db.$count(alerts, and(eq(alerts.workspace_id, workspaceId), isOfPeriod, isMailed))) >= MAX_ALERTS
}

/** Of those who are members still: whoever left is told no more. */
async function findAddresses(db: Db, workspaceId: string, ids: readonly string[]) {
  if (ids.length === 0) return []
  const { users, workspaceMembers: members } = db.tables
  const isMember = and(eq(members.user_id, users.id), eq(members.workspace_id, workspaceId))
  return db
    .select({ id: users.id, email: users.email })
    .from(users)
    .innerJoin(members, isMember)
    .where(and(inArray(users.id, [...ids]), isMailable(db)))
    .orderBy(asc(users.id))
}
