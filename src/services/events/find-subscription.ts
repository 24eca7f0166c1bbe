import { and, eq, type SQL } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Subscription } from '#core/events/subscription'
import type { Ctx } from '#services/context'
import { toSubscription } from './to-subscription.ts'

/** A condition on `event_subscriptions`: this one of the caller's workspace. */
export function isSubscription({ db, principal }: Ctx, id: string): SQL | undefined {
  const { eventSubscriptions: subscriptions } = db.tables
  return and(eq(subscriptions.id, id), eq(subscriptions.workspace_id, principal.workspaceId))
}

/** @throws AppError `not_found` */
export async function findSubscription(ctx: Ctx, id: string): Promise<Subscription> {
  const [row] = await ctx.db.select().from(ctx.db.tables.eventSubscriptions).where(isSubscription(ctx, id))
  if (row === undefined) throw new AppError('not_found')
  return toSubscription(row)
}
