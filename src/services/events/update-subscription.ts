import { AppError } from '#core/errors'
import type { Subscription, SubscriptionPatch } from '#core/events/subscription'
import { eventDispatch } from '#actors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { checkAddress } from './check-address.ts'
import { isSubscription } from './find-subscription.ts'
import { toSubscription } from './to-subscription.ts'

/**
 * Changes what is given. One that is turned on again begins without a past, and gets what still waits for it.
 *
 * @throws AppError `not_found`; `validation_failed` for an address that may not be called
 */
export async function updateSubscription(ctx: Ctx, id: string, patch: SubscriptionPatch): Promise<Subscription> {
  if (patch.url !== undefined) checkAddress(ctx, patch.url)
  const { eventSubscriptions: subscriptions } = ctx.db.tables
  const fresh = patch.is_active === true ? { failing_since: null, disabled_reason: null } : {}
  const change = ctx.db
    .update(subscriptions)
    .set({ ...patch, ...fresh, updated_at: new Date(ctx.now()) })
    .where(isSubscription(ctx, id))
    .returning()
  const details = { fields: Object.keys(patch) }
  const [row] = await audited(ctx, change, { action: 'event_subscription.changed', resourceId: id, details })
  if (row === undefined) throw new AppError('not_found')
  const { workspaceId } = ctx.principal
  if (row.is_active) ctx.later(() => eventDispatch(ctx.env, workspaceId).poke(workspaceId))
  return toSubscription(row)
}
