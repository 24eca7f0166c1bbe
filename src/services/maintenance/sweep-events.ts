import { and, eq, inArray, isNotNull, lt, ne, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { ATTEMPTS_MS } from '#core/events/delivery'
import { findOverdue } from './find-overdue.ts'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const ROWS_AT_ONCE = 1_000
const WORKSPACES_AT_ONCE = 100
/** Later than any round takes: then its alarm is lost. */
const LATE_MS = 5 * 60 * 1000

/**
 * Wakes workspaces whose events wait though they are due, gives up those whose day is over, and deletes deliveries that are older than their workspace
 * keeps them.
 *
 * @returns whether there may be more
 */
export async function sweepEvents(ctx: MaintenanceCtx): Promise<boolean> {
  const { db, env, config, now } = ctx
  const { eventDeliveries: deliveries, eventSubscriptions: subscriptions, workspaces } = db.tables
  const late = await db
    .selectDistinct({ id: deliveries.workspace_id })
    .from(deliveries)
    .innerJoin(subscriptions, and(eq(subscriptions.id, deliveries.subscription_id), subscriptions.is_active))
    .where(lt(deliveries.next_attempt_at, new Date(now() - LATE_MS)))
    .limit(WORKSPACES_AT_ONCE)
  await Promise.allSettled(late.map(({ id }) => eventDispatch(env, id).poke(id)))

  await db
    .update(deliveries)
    .set({ status: 'failed', next_attempt_at: null, error: sql`coalesce(${deliveries.error}, 'expired')` })
    .where(
      and(isNotNull(deliveries.next_attempt_at), lt(deliveries.queued_at, new Date(now() - ATTEMPTS_MS - LATE_MS))),
    )

  const found = await findOverdue(ctx, 'events_days', config.RETENTION_EVENTS_DAYS, (before) =>
    db
      .select({ one: sql`1` })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.workspace_id, workspaces.id),
          lt(deliveries.created_at, before),
          ne(deliveries.status, 'pending'),
        ),
      ),
  )
  if (found === undefined) return false
  const some = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.workspace_id, found.workspaceId),
        lt(deliveries.created_at, found.before),
        ne(deliveries.status, 'pending'),
      ),
    )
    .limit(ROWS_AT_ONCE)
  await db.delete(deliveries).where(inArray(deliveries.id, some))
  return true
}
