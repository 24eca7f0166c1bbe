import { and, desc, eq } from 'drizzle-orm'
import type { Delivery, DeliveryFilter } from '#core/events/delivery'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { findSubscription } from './find-subscription.ts'
import { toDelivery } from './to-delivery.ts'

/**
 * What a subscription was told and is to be told, the newest first.
 *
 * @throws AppError `not_found`
 */
export async function listDeliveries(ctx: Ctx, id: string, filter: DeliveryFilter & Paging): Promise<Page<Delivery>> {
  await findSubscription(ctx, id)
  const { eventDeliveries: deliveries } = ctx.db.tables
  const { status, type, page, size } = filter
  const wanted = and(
    eq(deliveries.subscription_id, id),
    eq(deliveries.workspace_id, ctx.principal.workspaceId),
    status === undefined ? undefined : eq(deliveries.status, status),
    type === undefined ? undefined : eq(deliveries.type, type),
  )
  const rows = await ctx.db
    .select()
    .from(deliveries)
    .where(wanted)
    .orderBy(desc(deliveries.created_at), desc(deliveries.id))
    .limit(size)
    .offset((page - 1) * size)
  return toPage(rows.map(toDelivery), await ctx.db.$count(deliveries, wanted), filter)
}
