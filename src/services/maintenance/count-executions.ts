import { type SQL, sql } from 'drizzle-orm'
import { bucketOf, durationOf, keyOf, slotOf } from '#services/analytics/execution-facts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const AT_ONCE = 500

/**
 * Adds executions that have ended to what analytics keeps for ever, each once: marked and added in one statement. They
 * are deleted only after that, so that a retention of days does not shorten what is known of months; a projection that
 * comes late is counted when it comes, in the time that it belongs to.
 *
 * @returns whether there may be more
 */
export async function countExecutions({ db, now }: Pick<MaintenanceCtx, 'db' | 'now'>): Promise<boolean> {
  const { executions, executionVisits: visits, executionStats: stats, workspaces } = db.tables
  const slot = slotOf(sql`e.created_at`)
  const ms = durationOf(sql`e`)
  const line = (dimension: 'all' | 'workflow' | 'user', bucket: SQL) =>
    sql`select e.workspace_id, ${dimension} as dimension, ${slot} as slot, ${keyOf(dimension)} as key, e.status,
      ${bucket} as bucket, ${ms} as ms from taken e`
  const [row] = await db.execute<{ count: number }>(sql`
    with taken as (
      update ${executions} e set counted_at = ${new Date(now()).toISOString()}::timestamptz
      where e.id in (
        select id from ${executions} where counted_at is null and finished_at is not null
        limit ${AT_ONCE} for update skip locked
      ) returning e.*
    ), alive as (
      -- A deletion of the workspace waits for this, and then takes these counts along.
      select w.id from ${workspaces} w where w.id in (select workspace_id from taken) order by w.id for key share
    ), lines as (
      ${line('all', bucketOf(ms))} union all ${line('workflow', sql`-1`)} union all ${line('user', sql`-1`)}
      union all
      select e.workspace_id, 'node_type', ${slot}, coalesce(v.node_type, ''), v.status, -1, ${durationOf(sql`v`)}
      from taken e join ${visits} v on v.execution_id = e.id
    ), counted as (
      select workspace_id, dimension, slot, key, status, bucket, count(*) as count, sum(ms)::bigint as ms
      from lines where workspace_id in (select id from alive) group by 1, 2, 3, 4, 5, 6
    ), added as (
      insert into ${stats} as s (workspace_id, dimension, span, slot, key, status, bucket, count, duration_ms)
      select workspace_id, dimension, 'quarter_hour', slot, key, status, bucket, count, ms from counted
      union all
      select workspace_id, dimension, 'day', date_trunc('day', slot, 'UTC'), key, status, bucket, sum(count), sum(ms)
      from counted group by 1, 2, 4, 5, 6, 7
      order by 1, 2, 3, 4, 5, 6, 7
      on conflict (workspace_id, dimension, span, slot, key, status, bucket)
      do update set count = s.count + excluded.count, duration_ms = s.duration_ms + excluded.duration_ms
    )
    select count(*)::int as count from taken`)
  return row?.count === AT_ONCE
}
