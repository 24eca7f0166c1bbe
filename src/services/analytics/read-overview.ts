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
  /** Null in a line that tells of a user. */
  readonly status: ExecutionStatus | null
  readonly bucket: number
  /** Who started them; empty for nobody, and in a line that tells of all. */
  readonly key: string
  readonly count: string
  readonly ms: string
}

/** Of one user; of none, null. */
interface UsageRow extends Record<string, unknown> {
  readonly now: boolean
  readonly user_id: string | null
  readonly calls: string
  readonly input_tokens: string
  readonly output_tokens: string
  readonly cost: string
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
  const facts = executionFacts(db, workspaceId, ['all', 'user'], [previous.from, current.from, current.to])
  const { usageLedger, files } = db.tables
  const isNow = (at: SQL): SQL => sql`${at} >= ${new Date(current.from).toISOString()}::timestamptz`
  const [executions, usage, [stored]] = await Promise.all([
    db.execute<StatusRow>(sql`
      select ${isNow(sql`slot`)} as now, case when dimension = 'all' then status end as status, bucket, key,
        sum(count)::text as count, sum(duration_ms)::text as ms from (${facts}) f group by 1, 2, 3, 4`),
    db.execute<UsageRow>(sql`
      select ${isNow(sql`at`)} as now, user_id, count(*)::text as calls, sum(input_tokens)::text as input_tokens,
        sum(output_tokens)::text as output_tokens, coalesce(sum(cost), 0)::text as cost
      from ${usageLedger} where "workspace_id" = ${workspaceId}
        and at >= ${new Date(previous.from).toISOString()}::timestamptz
        and at < ${new Date(current.to).toISOString()}::timestamptz group by 1, 2`),
    db
      .select({
        files: sql`count(*)`.mapWith(Number),
        bytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number),
      })
      .from(files)
      .where(eq(files.workspace_id, workspaceId)),
  ])
  noteUncounted(ctx)
  const period = (range: TimeRange, now: boolean): Period => {
    const [ran, spent] = [executions.filter((row) => row.now === now), usage.filter((row) => row.now === now)]
    const users = new Set([...ran.map(({ key }) => key), ...spent.map(({ user_id }) => user_id ?? '')])
    users.delete('')
    return {
      from: new Date(range.from).toISOString(),
      to: new Date(range.to).toISOString(),
      ...executionsOf(ran.filter(({ status }) => status !== null)),
      ...usageOf(spent),
      active_users: users.size,
    }
  }
  return {
    current: period(current, true),
    previous: period(previous, false),
    storage: stored ?? { files: 0, bytes: 0 },
  }
}

const JUDGED: ReadonlySet<ExecutionStatus | null> = new Set(['completed', 'failed', 'timeout'])

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

function usageOf(rows: readonly UsageRow[]) {
  return {
    model_calls: sum(rows, ({ calls }) => calls),
    input_tokens: sum(rows, ({ input_tokens }) => input_tokens),
    output_tokens: sum(rows, ({ output_tokens }) => output_tokens),
    // Nine decimals, as the ledger has: adding up floats leaves a few more.
    cost: Number(sum(rows, ({ cost }) => cost).toFixed(9)),
  }
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => string): number {
  return rows.reduce((total, row) => total + Number(of(row)), 0)
}
