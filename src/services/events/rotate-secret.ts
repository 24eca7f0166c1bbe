import { sql } from 'drizzle-orm'
import { eventSecret } from '#auth/event-signature'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { isSubscription } from './find-subscription.ts'

/**
 * Makes a new secret, which this answer alone shows. For a day the one before it signs too.
 *
 * @throws AppError `not_found`
 */
export async function rotateSecret(ctx: Ctx, id: string): Promise<{ readonly secret: string }> {
  const { eventSubscriptions: subscriptions } = ctx.db.tables
  const change = ctx.db
    .update(subscriptions)
    .set({ generation: sql`${subscriptions.generation} + 1`, rotated_at: new Date(ctx.now()) })
    .where(isSubscription(ctx, id))
    .returning({ id: subscriptions.id, generation: subscriptions.generation })
  const [row] = await audited(ctx, change, { action: 'event_subscription.rotated', resourceId: id })
  if (row === undefined) throw new AppError('not_found')
  return { secret: eventSecret(ctx.config.SECRET_KEY, id, row.generation) }
}
