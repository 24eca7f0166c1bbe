import { and, eq, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { AppError } from '#core/errors'
import type { Delivery } from '#core/events/delivery'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { toDelivery } from './to-delivery.ts'

/**
 * Sends a delivery once more, whatever became of it, with all its attempts before it. Its `webhook-id` stays, so that a
 * receiver which has it already can tell.
 *
 * @throws AppError `not_found`
 */
export async function replayDelivery(ctx: Ctx, subscriptionId: string, id: string): Promise<Delivery> {
  const { eventDeliveries: deliveries } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const change = ctx.db
    .update(deliveries)
    .set({ status: 'pending', attempts: 0, next_attempt_at: sql`now()`, queued_at: sql`now()`, delivered_at: null })
    .where(
      and(
        eq(deliveries.id, id),
        eq(deliveries.subscription_id, subscriptionId),
        eq(deliveries.workspace_id, workspaceId),
      ),
    )
    .returning()
  const fact = {
    action: 'event_subscription.replayed',
    resourceId: subscriptionId,
    details: { delivery_id: id },
  } as const
  const [row] = await audited(ctx, change, fact)
  if (row === undefined) throw new AppError('not_found')
  await eventDispatch(ctx.env, workspaceId).poke(workspaceId)
  return toDelivery(row)
}
