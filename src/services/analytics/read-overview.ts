import { eq, type SQL, sql } from 'drizzle-orm'
import { type Histogram, percentile } from '#core/analytics/durations'
import { type Overview, type OverviewFilter, type Period, StatusCounts } from '#core/analytics/overview'
import type { TimeRange } from '#core/analytics/time-range'
import { EXECUTION_STATUSES, type ExecutionStatus } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { executionFacts } from './execution-facts.ts'
import { noteUncounted } from './note-uncounted.ts'
import { rangeOf } from './range-of.ts'

interface StatusRow extends Record<string, unknown> {
  readonly now: boolean
  readonly status: ExecutionStatus
  readonly bucket: number
  readonly count: string
  readonly ms: string
}

interface UsageRow extends Record<string, unknown> {
  readonly now: boolean
  readonly calls: string
  readonly input_tokens: string
  readonly output_tokens: string
  readonly cost: string
}

interface UserRow extends Record<string, unknown> {
  readonly now: boolean
  readonly users: string
}

/**
 * How the workspace has fared in a span of time, and in the one before.
 *
 * @throws AppError `validation_failed`
 */
export async function readOverview(ctx: Ctx, filter: OverviewFilter): Promise<Overview> {
  const { db, principal } = ctx
  const { workspaceId } = principal
  const current = rangeOf(filter, ctx.now())
  const previous = { from: 2 * current.from - current.to, to: current.from }
  const both = { from: previous.from, to: current.to }
  const { usageLedger, files } = db.tables
  const isNow = (at: SQL): SQL => sql`${at} >= ${new Date(current.from).toISOString()}::timestamptz`
  const spent = sql`from ${usageLedger} where "workspace_id" = ${workspaceId}
    and at >= ${new Date(both.from).toISOString()}::timestamptz and at < ${new Date(both.to).toISOString()}::timestamptz`
  const [statuses, usage, users, [stored]] = await Promise.all([
    db.execute<StatusRow>(sql`
      select ${isNow(sql`slot`)} as now, status, bucket, sum(count)::text as count, sum(duration_ms)::text as ms
      from (${executionFacts(db, workspaceId, 'all', both)}) f group by 1, 2, 3`),
    db.execute<UsageRow>(sql`
      select ${isNow(sql`at`)} as now, count(*)::text as calls, sum(input_tokens)::text as input_tokens,
        sum(output_tokens)::text as output_tokens, coalesce(sum(cost), 0)::text as cost ${spent} group by 1`),
    db.execute<UserRow>(sql`
      select now, count(distinct key)::text as users from (
        select distinct ${isNow(sql`slot`)} as now, key from (${executionFacts(db, workspaceId, 'user', both)}) f
        union all select distinct ${isNow(sql`at`)}, user_id::text ${spent} and user_id is not null
      ) u where key <> '' group by 1`),
    db
      .select({
        files: sql`count(*)`.mapWith(Number),
        bytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number),
      })
      .from(files)
      .where(eq(files.workspace_id, workspaceId)),
  ])
  noteUncounted(ctx)
  const period = (range: TimeRange, now: boolean): Period => ({
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    ...executionsOf(statuses.filter((row) => row.now === now)),
    ...usageOf(usage.find((row) => row.now === now)),
    active_users: Number(users.find((row) => row.now === now)?.users ?? 0),
  })
  return {
    current: period(current, true),
    previous: period(previous, false),
    storage: stored ?? { files: 0, bytes: 0 },
  }
}

const JUDGED: ReadonlySet<ExecutionStatus> = new Set(['completed', 'failed', 'timeout'])

function executionsOf(rows: readonly StatusRow[]) {
  const judged = rows.filter(({ status }) => JUDGED.has(status))
  const ended = sum(judged, ({ count }) => count)
  const completed = sum(
    rows.filter(({ status }) => status === 'completed'),
    ({ count }) => count,
  )
  const histogram: Histogram = new Map(
    [...Map.groupBy(judged, ({ bucket }) => bucket)].map(([bucket, some]) => [bucket, sum(some, ({ count }) => count)]),
  )
  const counted = EXECUTION_STATUSES.map((status) => {
    const some = rows.filter((row) => row.status === status)
    return [status, sum(some, ({ count }) => count)] as const
  })
  return {
    executions: sum(rows, ({ count }) => count),
    by_status: StatusCounts.parse(Object.fromEntries(counted)),
    success_rate: ended === 0 ? null : completed / ended,
    duration_ms: {
      average: ended === 0 ? null : Math.round(sum(judged, ({ ms }) => ms) / ended),
      p50: percentile(histogram, 0.5),
      p95: percentile(histogram, 0.95),
      p99: percentile(histogram, 0.99),
    },
  }
}

function usageOf(row: UsageRow | undefined) {
  return {
    model_calls: Number(row?.calls ?? 0),
    input_tokens: Number(row?.input_tokens ?? 0),
    output_tokens: Number(row?.output_tokens ?? 0),
    cost: Number(row?.cost ?? 0),
  }
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => string): number {
  return rows.reduce((total, row) => total + Number(of(row)), 0)
}
