import { and, exists, gt, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { RetentionKey } from '#core/workspace/retention'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

/** A workspace that keeps something for longer than it wants to, and what is older than this is to go. */
export interface Overdue {
  readonly workspaceId: string
  readonly before: Date
}

/**
 * Some workspace that has something to delete.
 *
 * @param defaultDays for workspaces that have not said otherwise; 0 keeps for ever
 * @param oldIn a query for what is older than this, in the workspace of the row
 */
export async function findOverdue(
  { db, now }: MaintenanceCtx,
  key: RetentionKey,
  defaultDays: number,
  oldIn: (before: SQL) => SQLWrapper,
): Promise<Overdue | undefined> {
  const { workspaces } = db.tables
  const days = sql`coalesce((${workspaces.retention} ->> ${key}::text)::int, ${defaultDays}::int)`
  const before = sql`(${new Date(now())}::timestamptz - make_interval(days => ${days}))`
  const [found] = await db
    .select({ workspaceId: workspaces.id, at: sql`extract(epoch from ${before}) * 1000`.mapWith(Number) })
    .from(workspaces)
    .where(and(gt(days, 0), exists(oldIn(before))))
    .limit(1)
  return found && { workspaceId: found.workspaceId, before: new Date(found.at) }
}
