import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import {
  monthOf,
  type UsageFilter,
  type UsageGroup,
  type UsageReport,
  type UsageTotals,
} from '#core/usage/usage-report'
import type { Tables } from '#db/schema'
import { findNames } from '#services/analytics/find-names'
import { inKnownZone } from '#services/analytics/known-zone'
import type { Ctx } from '#services/context'

/**
 * What the workspace's models took in a span of time, in all and by what the caller asks for, the dearest first.
 *
 * @throws AppError `validation_failed` for an unknown time zone
 */
export async function reportUsage(ctx: Ctx, filter: UsageFilter): Promise<UsageReport> {
  const { usageLedger: ledger } = ctx.db.tables
  const from = filter.from === undefined ? monthOf(ctx.now()) : new Date(filter.from)
  const to = filter.to === undefined ? new Date(ctx.now()) : new Date(filter.to)
  const { group_by, source, workflow_id, agent_id, model } = filter
  const wanted = and(
    eq(ledger.workspace_id, ctx.principal.workspaceId),
    gte(ledger.at, from),
    lt(ledger.at, to),
    source === undefined ? undefined : eq(ledger.source, source),
    workflow_id === undefined ? undefined : eq(ledger.workflow_id, workflow_id),
    agent_id === undefined ? undefined : eq(ledger.agent_id, agent_id),
    model === undefined ? undefined : eq(ledger.model, model),
  )
  const key = keyOf(ledger, group_by, filter.timezone)
  const sums = sumsOf(ledger)
  const [[total], rows] = await inKnownZone(filter.timezone, () =>
    ctx.db.batch([
      ctx.db.select(sums).from(ledger).where(wanted),
      ctx.db
        .select({ key: sql<string | null>`${key}`, ...sums })
        .from(ledger)
        .where(wanted)
        .groupBy(sql`1`)
        .orderBy(group_by === 'day' ? sql`1` : sql`coalesce(sum(${ledger.cost}), 0) desc, count(*) desc, 1`)
        .limit(filter.top),
    ]),
  )
  const names = await findNames(
    ctx,
    group_by,
    rows.map((row) => row.key),
  )
  const all = total ?? NOTHING
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    group_by,
    total: withTotal(all),
    items: rows.map(({ key: id, ...row }) => ({ key: id, name: names.get(id ?? '') ?? null, ...withTotal(row) })),
    rest: rows.length < filter.top ? null : restOf(all, rows),
  }
}

function restOf(all: Sums, rows: readonly Sums[]): UsageTotals | null {
  const without = (name: keyof Sums) => all[name] - rows.reduce((sum, row) => sum + row[name], 0)
  if (without('calls') === 0) return null
  return withTotal({
    calls: without('calls'),
    input_tokens: without('input_tokens'),
    output_tokens: without('output_tokens'),
    cost: Math.max(0, Number(without('cost').toFixed(9))),
    unpriced_calls: without('unpriced_calls'),
  })
}

type Sums = Omit<UsageTotals, 'total_tokens'>

const NOTHING: Sums = { calls: 0, input_tokens: 0, output_tokens: 0, cost: 0, unpriced_calls: 0 }

function withTotal(sums: Sums): UsageTotals {
  return { ...sums, total_tokens: sums.input_tokens + sums.output_tokens }
}

function sumsOf(ledger: Tables['usageLedger']) {
  const number = (expression: SQL) => expression.mapWith(Number)
  return {
    calls: number(sql`count(*)`),
    input_tokens: number(sql`coalesce(sum(${ledger.input_tokens}), 0)`),
    output_tokens: number(sql`coalesce(sum(${ledger.output_tokens}), 0)`),
    cost: number(sql`coalesce(sum(${ledger.cost}), 0)`),
    unpriced_calls: number(sql`count(*) filter (where ${ledger.cost} is null)`),
  }
}

function keyOf(ledger: Tables['usageLedger'], group: UsageGroup, zone: string): SQL {
  switch (group) {
    case 'model':
      return sql`${ledger.model}`
    case 'day':
      return sql`to_char(${ledger.at} at time zone ${zone}, 'YYYY-MM-DD')`
    case 'workflow':
      return sql`${ledger.workflow_id}::text`
    case 'agent':
      return sql`${ledger.agent_id}::text`
    case 'user':
      return sql`${ledger.user_id}::text`
    case 'source':
      return sql`${ledger.source}`
    default:
      return group satisfies never
  }
}
