import { and, eq } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { AppError } from '#core/errors'
import type { Delivery } from '#core/events/delivery'
import { TEST_EVENT } from '#core/events/event'
import { newId } from '#lib/ids'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findSubscription, isSubscription } from './find-subscription.ts'
import { insertEvent } from './insert-event.ts'
import { toDelivery } from './to-delivery.ts'

/**
 * Sends an event of the type `test`, like any other: signed, tried again, in the log.
 *
 * @throws AppError `not_found`; `subscription_inactive`
 */
export async function testSubscription(ctx: Ctx, id: string): Promise<Delivery> {
  const { is_active } = await findSubscription(ctx, id)
  if (!is_active) throw new AppError('subscription_inactive')
  const { db } = ctx
  const { workspaceId } = ctx.principal
  const event = { id: `test_${newId()}`, type: TEST_EVENT, at: ctx.now(), data: { subscription_id: id } } as const
  const insertion = insertEvent(db, workspaceId, event, isSubscription(ctx, id))
  const [made] = await withLine(ctx, db, insertion, { action: 'event_subscription.tested', resourceId: id })
  const { eventDeliveries: deliveries } = db.tables
  const isIt = and(eq(deliveries.id, made?.id ?? newId()), eq(deliveries.workspace_id, workspaceId))
  const [row] = await db.select().from(deliveries).where(isIt)
  if (row === undefined) throw new AppError('not_found')
  await eventDispatch(ctx.env, workspaceId).poke(workspaceId)
  return toDelivery(row)
}
