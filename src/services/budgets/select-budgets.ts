import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { percentOf } from '#core/budgets/alert'
import type { Budget } from '#core/budgets/budget'
import type { Ctx } from '#services/context'
import { isMailable } from './check-budget.ts'

const Emails = z.array(z.string())
const Reached = z.array(z.object({ threshold: z.int(), at: z.number() }))

/**
 * The workspace's budgets that fulfil a condition, with how each stands at this moment, newest first.
 */
export async function selectBudgets(
  ctx: Pick<Ctx, 'db' | 'now' | 'principal'>,
  wanted: SQL | undefined,
  { limit, offset = 0 }: { readonly limit: number; readonly offset?: number },
): Promise<Budget[]> {
  const { budgets: b, budgetPeriods: periods } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const start = sql`date_trunc(${b.period}, ${new Date(ctx.now())}::timestamptz, ${b.timezone})`
  const end = sql`(((${start}) at time zone ${b.timezone} + ('1 ' || ${b.period})::interval) at time zone ${b.timezone})`
  const isCurrent = and(eq(periods.budget_id, b.id), sql`${periods.started_at} = ${start}`)
  const rows = await ctx.db
    .select({
      row: b,
      spent: periods.spent,
      from: sql`extract(epoch from ${start}) * 1000`.mapWith(Number),
      to: sql`extract(epoch from ${end}) * 1000`.mapWith(Number),
      emails: emailsOf(ctx).mapWith((text: string) => Emails.parse(JSON.parse(text))),
      reached: reachedIn(ctx, start).mapWith((text: string) => Reached.parse(JSON.parse(text))),
    })
    .from(b)
    .leftJoin(periods, isCurrent)
    .where(and(eq(b.workspace_id, workspaceId), wanted))
    .orderBy(desc(b.created_at), desc(b.id))
    .limit(limit)
    .offset(offset)
  return rows.map(({ row, spent, emails, reached, ...span }) => ({
    ...plain(row),
    mail_to: emails,
    current: {
      ...standing(spent ?? 0, row),
      from: new Date(span.from).toISOString(),
      to: new Date(span.to).toISOString(),
      reached: reached.map(({ threshold, at }) => ({ threshold, at: new Date(at).toISOString() })),
    },
  }))
}

type Row = Ctx['db']['tables']['budgets']['$inferSelect']

function plain({ id, name, scope, target, period, timezone, limit, thresholds, hard_stop, ...times }: Row) {
  const [created_at, updated_at] = [times.created_at.toISOString(), times.updated_at.toISOString()]
  return { id, name, scope, target, period, timezone, limit, thresholds, hard_stop, created_at, updated_at }
}

function standing(spent: number, { limit, hard_stop }: Pick<Row, 'limit' | 'hard_stop'>) {
  const remaining = Math.max(0, Number((limit - spent).toFixed(9)))
  return { spent, remaining, percent: percentOf(spent, limit), stopped: hard_stop && remaining === 0 }
}

/** Of whom is still a member, and has the address confirmed. */
function emailsOf({ db, principal }: Pick<Ctx, 'db' | 'principal'>): SQL {
  const { budgets, users, workspaceMembers: members } = db.tables
  return sql`(select coalesce(json_agg(${users.email} order by ${users.email}), '[]') from ${users} join ${members}
    on ${members.user_id} = ${users.id} and ${eq(members.workspace_id, principal.workspaceId)}
    where ${users.id} = any(${budgets.mail_to}) and ${isMailable(db)})`
}

function reachedIn({ db, principal }: Pick<Ctx, 'db' | 'principal'>, start: SQL): SQL {
  const { budgets, budgetAlerts: alerts } = db.tables
  return sql`(select coalesce(json_agg(json_build_object('threshold', ${alerts.threshold},
      'at', round(extract(epoch from ${alerts.fired_at}) * 1000)) order by ${alerts.threshold}), '[]') from ${alerts}
    where ${eq(alerts.workspace_id, principal.workspaceId)} and ${eq(alerts.budget_id, budgets.id)}
      and ${alerts.period_start} = ${start} and ${alerts.rearmed_at} is null)`
}
