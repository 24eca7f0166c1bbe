import { type SQL, sql } from 'drizzle-orm'
import { CLASSES_PER_DOUBLING } from '#core/analytics/durations'
import type { TimeRange } from '#core/analytics/time-range'
import type { Db } from '#db/connect'

export type Dimension = 'all' | 'workflow' | 'user' | 'node_type'

/** Beginning of the quarter of an hour. */
export const slotOf = (at: SQL): SQL => sql`date_bin('15 minutes', ${at}, '2000-01-01Z'::timestamptz)`

/** Milliseconds from start to end; of what has not started, or not ended, 0. */
export const durationOf = (table: SQL): SQL =>
  sql`coalesce(round(extract(epoch from ${table}.finished_at - ${table}.started_at) * 1000), 0)::bigint`

/** The class of a duration, as `core/analytics/durations.ts` reads it. */
export const bucketOf = (ms: SQL): SQL =>
  sql`(case when ${ms} < 1 then 0 else floor(ln(${ms}::float8) / ln(2) * ${CLASSES_PER_DOUBLING}::int + 1e-9) + 1 end)::smallint`

/**
 * The executions (or visits, by node type) of a workspace in a span of time, as `slot, key, status, bucket, count,
 * duration_ms`: those that were counted, and those that were not yet, in one statement, so that none is there twice.
 */
export function executionFacts(db: Db, workspaceId: string, dimension: Dimension, { from, to }: TimeRange): SQL {
  const { executionStats: stats } = db.tables
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()]
  return sql`
    select slot, key, status, bucket, count, duration_ms from ${stats}
    where "workspace_id" = ${workspaceId} and dimension = ${dimension}
      and slot >= ${start}::timestamptz and slot < ${end}::timestamptz
    union all
    ${uncounted(db, workspaceId, dimension, start, end)}`
}

function uncounted(db: Db, workspaceId: string, dimension: Dimension, start: string, end: string): SQL {
  const { executions, executionVisits: visits } = db.tables
  const wanted = sql`e."workspace_id" = ${workspaceId} and e.counted_at is null
    and e.created_at >= ${start}::timestamptz and e.created_at < ${end}::timestamptz`
  const slot = slotOf(sql`e.created_at`)
  if (dimension === 'node_type') {
    return sql`select ${slot}, coalesce(v.node_type, ''), v.status, -1, 1, ${durationOf(sql`v`)}
      from ${executions} e join ${visits} v on v.execution_id = e.id where ${wanted}`
  }
  const ms = durationOf(sql`e`)
  return sql`select ${slot}, ${keyOf(dimension)}, e.status, ${dimension === 'all' ? bucketOf(ms) : sql`-1`}, 1, ${ms}
    from ${executions} e where ${wanted}`
}

/** What an execution `e` is counted under. */
export function keyOf(dimension: Exclude<Dimension, 'node_type'>): SQL {
  if (dimension === 'all') return sql`''`
  return dimension === 'workflow' ? sql`e.workflow_id::text` : sql`coalesce(e.created_by::text, '')`
}
