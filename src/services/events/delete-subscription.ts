import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { isSubscription } from './find-subscription.ts'

/**
 * Ends a subscription; what it is owed, and its log, go with it.
 *
 * @throws AppError `not_found`
 */
export async function deleteSubscription(ctx: Ctx, id: string): Promise<void> {
  const { eventSubscriptions: subscriptions } = ctx.db.tables
  const deletion = ctx.db.delete(subscriptions).where(isSubscription(ctx, id)).returning({ id: subscriptions.id })
  const [gone] = await audited(ctx, deletion, { action: 'event_subscription.deleted', resourceId: id })
  if (gone === undefined) throw new AppError('not_found')
}
