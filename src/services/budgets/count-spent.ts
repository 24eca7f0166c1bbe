/**
 * What budgets have spent, and which of their thresholds that reaches.
 *
 * B1  `spent` of a period is the sum of its ledger rows: a row and its addition are one statement, and a row that was
 *     there already adds nothing.
 * B2  A threshold is written down once a period, however many calls reach it at once: whoever adds holds the period's row,
 *     and the index knows it. What is owed to people stands in the same row, so that a crash forgets none of it.
 * B3  Whoever writes a ledger row while a budget is being made does not see it yet: `recount_at` adds the ledger up once
 *     more when they have all ended.
 * B4  Who adds shares the budget's row; who changes the budget or adds the ledger up holds it alone, before the statement
 *     that reads: neither misses what the other writes. Locks are taken budgets first, then periods, each by their ids.
 */
import { and, eq, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Db } from '#db/connect'

/** Longer than any statement lives. */
export const RECOUNT_AFTER_MS = 15_000

/** Whether the budget `b` counts the ledger row `l`. */
const COUNTS = sql`(b.scope = 'workspace' or b.target = case b.scope when 'agent' then l.agent_id::text
  when 'workflow' then l.workflow_id::text when 'user' then l.user_id::text else l.model end)`

/**
 * The statement that writes ledger rows and adds them to the workspace's budgets. Without budgets it writes the rows.
 *
 * @param added the insertion of ledger rows, giving back `agent_id`, `workflow_id`, `user_id`, `model`, `cost` and `at`
 * @returns one row: how many thresholds were reached, `reached`
 */
export function countSpent(db: Db, workspaceId: string, added: SQLWrapper): SQL {
  const { budgets, budgetPeriods: periods } = db.tables
  // Late rows of a time before the budget are nobody's.
  return sql`with added as ${added},
    b as (select * from ${budgets} where ${eq(budgets.workspace_id, workspaceId)} order by ${budgets.id} for share),
    due as (select b.id, date_trunc(b.period, l.at, b.timezone) as started_at, sum(l.cost) as cost from b join added l
      on l.cost > 0 and l.at >= date_trunc(b.period, b.created_at, b.timezone) and ${COUNTS} group by 1, 2),
    counted as (insert into ${periods} as p (budget_id, workspace_id, started_at, spent)
      select id, ${workspaceId}::uuid, started_at, cost from due order by 1, 3
      on conflict (budget_id, started_at) do update set spent = p.spent + excluded.spent returning p.*),
    fired as ${fired(db, workspaceId)}
    select count(*)::int as reached from fired`
}

/** The statement that holds a budget alone until the end of the transaction (B4). */
export function holdBudget(db: Db, workspaceId: string, id: string) {
  const { budgets } = db.tables
  return db
    .select({ id: budgets.id })
    .from(budgets)
    .where(and(eq(budgets.id, id), eq(budgets.workspace_id, workspaceId)))
    .for('no key update')
}

/**
 * The statement that adds the ledger up for the period that goes on, in a transaction that holds the budget. Thresholds
 * that a raised limit has moved ahead can be reached once more; those that are reached now are written down.
 *
 * @param now Unix milliseconds
 */
export function recount(db: Db, workspaceId: string, id: string, now: number) {
  const { budgets, budgetPeriods: periods, budgetAlerts: alerts, usageLedger: ledger } = db.tables
  const isIt = and(eq(budgets.id, id), eq(budgets.workspace_id, workspaceId))
  return db.execute(sql`with b as (select *, date_trunc(period, ${new Date(now)}::timestamptz, timezone) as started_at
      from ${budgets} where ${isIt}),
    counted as (insert into ${periods} as p (budget_id, workspace_id, started_at, spent)
      select b.id, b.workspace_id, b.started_at, (select coalesce(sum(l.cost), 0) from ${ledger} l
        where l."workspace_id" = ${workspaceId} and l.at >= b.started_at and l.at < ${endOf(sql`b.started_at`)} and ${COUNTS})
      from b on conflict (budget_id, started_at) do update set spent = excluded.spent returning p.*),
    rearmed as (update ${alerts} a set rearmed_at = now() from counted c, b
      where a."workspace_id" = ${workspaceId} and a.budget_id = c.budget_id and b.id = c.budget_id and a.rearmed_at is null
        and a.period_start = c.started_at and c.spent < b."limit" * a.threshold / 100 returning a.id),
    fired as ${fired(db, workspaceId)}
    select (select count(*) from fired)::int as reached, (select count(*) from rearmed)::int as rearmed`)
}

/** When the period of the budget `b` ends that begins then: a day of a zone may have 23 or 25 hours. */
export function endOf(start: SQL): SQL {
  return sql`(((${start}) at time zone b.timezone + ('1 ' || b.period)::interval) at time zone b.timezone)`
}

/** Writes down what `counted` has reached of the budgets `b`. */
function fired(db: Db, workspaceId: string): SQL {
  return sql`(insert into ${db.tables.budgetAlerts}
      (id, workspace_id, budget_id, period_start, threshold, spent, "limit", fired_at, mail_at)
    select gen_random_uuid(), ${workspaceId}::uuid, b.id, c.started_at, t, c.spent, b."limit", now(),
      case when cardinality(b.mail_to) > 0 then now() end
    from counted c join b on b.id = c.budget_id cross join unnest(b.thresholds) t
    where c.spent >= b."limit" * t / 100 on conflict do nothing returning id)`
}
