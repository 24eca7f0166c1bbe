import { type SQL, sql } from 'drizzle-orm'
import { CLASSES_PER_DOUBLING } from '#core/analytics/durations'
import { rangesBetween } from '#core/analytics/spans'
import type { Db } from '#db/connect'

/** What executions are counted by; visits are by node type. */
type ExecutionDimension = 'all' | 'workflow' | 'user'

/** Beginning of the quarter of an hour. */
export const slotOf = (at: SQL): SQL => sql`date_bin('15 minutes', ${at}, '2000-01-01Z'::timestamptz)`

/** Milliseconds from start to end; of what has not started, or not ended, 0. */
export const durationOf = (table: SQL): SQL =>
  // `extract` reckons in numerics, which takes several times as long.
  sql`coalesce(round(date_part('epoch', ${table}.finished_at - ${table}.started_at) * 1000), 0)::bigint`

/** The class of a duration, as `core/analytics/durations.ts` reads it. */
export const bucketOf = (ms: SQL): SQL =>
  sql`(case when ${ms} < 1 then 0 else floor(ln(${ms}::float8) / ln(2) * ${CLASSES_PER_DOUBLING}::int + 1e-9) + 1 end)::smallint`

/**
 * The executions (or visits, by node type) of a workspace, as `dimension, slot, key, status, bucket, count, duration_ms`:
 * those that were counted, and those that were not yet, in one statement, so that none is there twice.
 *
 * @param moments ascending Unix milliseconds, from the first to before the last; the caller tells apart no others: a slot
 *   may stand for a whole day between two of them
 */
export function executionFacts(
  db: Db,
  workspaceId: string,
  dimensions: readonly ['node_type'] | readonly ExecutionDimension[],
  moments: readonly number[],
): SQL {
  const { executionStats: stats } = db.tables
  const ranges = rangesBetween(moments)
  const list = (values: readonly string[]): string => `{${values.join(',')}}`
  const times = (values: readonly number[]): SQL =>
    sql`${list(values.map((at) => new Date(at).toISOString()))}::timestamptz[]`
  return sql`
    select s.dimension, s.slot, s.key, s.status, s.bucket, s.count, s.duration_ms
    from unnest(${list(ranges.map(({ span }) => span))}::text[], ${times(ranges.map(({ from }) => from))},
      ${times(ranges.map(({ to }) => to))}) r (span, start, stop)
    cross join unnest(${list(dimensions)}::text[]) d (dimension)
    cross join lateral (
      select * from ${stats} where "workspace_id" = ${workspaceId} and dimension = d.dimension
        and span = r.span and slot >= r.start and slot < r.stop offset 0
    ) s
    union all
    ${uncounted(db, workspaceId, dimensions, moments)}`
}

function uncounted(
  db: Db,
  workspaceId: string,
  dimensions: readonly ['node_type'] | readonly ExecutionDimension[],
  moments: readonly number[],
): SQL {
  const { executions, executionVisits: visits } = db.tables
  const time = (at = 0): SQL => sql`${new Date(at).toISOString()}::timestamptz`
  const wanted = sql`e."workspace_id" = ${workspaceId} and e.counted_at is null
    and e.created_at >= ${time(moments[0])} and e.created_at < ${time(moments.at(-1))}`
  const slot = slotOf(sql`e.created_at`)
  if (isByNode(dimensions)) {
    return sql`select 'node_type', ${slot}, coalesce(v.node_type, ''), v.status, -1, 1, ${durationOf(sql`v`)}
      from ${executions} e join ${visits} v on v.execution_id = e.id where ${wanted}`
  }
  const lines = dimensions.map(
    (dimension) => sql`(${dimension}, ${keyOf(dimension)}, ${dimension === 'all' ? bucketOf(sql`e.ms`) : sql`-1`})`,
  )
  return sql`select l.dimension, e.slot, l.key, e.status, l.bucket, 1, e.ms
    from (
      select ${slot} as slot, e.workflow_id, e.created_by, e.status, ${durationOf(sql`e`)} as ms
      from ${executions} e where ${wanted} offset 0
    ) e cross join lateral (values ${sql.join(lines, sql`, `)}) l (dimension, key, bucket)`
}

function isByNode(
  dimensions: readonly ['node_type'] | readonly ExecutionDimension[],
): dimensions is readonly ['node_type'] {
  return dimensions[0] === 'node_type'
}

/** What an execution `e` is counted under. */
export function keyOf(dimension: ExecutionDimension): SQL {
  if (dimension === 'all') return sql`''`
  return dimension === 'workflow' ? sql`e.workflow_id::text` : sql`coalesce(e.created_by::text, '')`
}
