import { eq, lt, sql } from 'drizzle-orm'
import { eventSecret } from '#auth/event-signature'
import { AppError } from '#core/errors'
import { type NewSubscription, type SubscriptionInput, SUBSCRIPTIONS_MAX } from '#core/events/subscription'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { checkAddress } from './check-address.ts'
import { findSubscription } from './find-subscription.ts'
import { toSubscription } from './to-subscription.ts'

const FIRST = 1

/**
 * Subscribes an address to the workspace's events. The answer is the only one that has the secret; a repeat with the same
 * `Idempotency-Key` answers without it.
 *
 * @throws AppError `validation_failed` for an address that may not be called; `too_many_subscriptions`
 */
export async function createSubscription(
  ctx: Ctx,
  input: SubscriptionInput,
  idempotency?: Idempotency,
): Promise<NewSubscription> {
  checkAddress(ctx, input.url)
  const id = await claimId(ctx, idempotency)
  const { workspaceId, userId } = ctx.principal
  const { eventSubscriptions: subscriptions } = ctx.db.tables
  const at = new Date(ctx.now())
  // In the order of the table's columns. Two that come at once may go one beyond the limit, which hurts nobody.
  const values = sql`${id}::uuid, ${workspaceId}::uuid, ${input.url}::text,
    ${sql.param(input.events, subscriptions.events)}::text[], ${input.description}::text, ${input.is_active}::boolean,
    ${FIRST}::integer, null::timestamptz, null::timestamptz, null::text, ${userId}::uuid, ${at}::timestamptz,
    ${at}::timestamptz`
  const count = ctx.db.$count(subscriptions, eq(subscriptions.workspace_id, workspaceId))
  const creation = ctx.db
    .insert(subscriptions)
    .select(sql`select ${values} where ${lt(count, SUBSCRIPTIONS_MAX)}`)
    .onConflictDoNothing()
    .returning()
  const details = { host: new URL(input.url).host, events: input.events }
  const [made] = await audited(ctx, creation, { action: 'event_subscription.created', resourceId: id, details })
  if (made !== undefined) return { ...toSubscription(made), secret: eventSecret(ctx.config.SECRET_KEY, id, FIRST) }
  const known = await findSubscription(ctx, id).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error
    throw new AppError('too_many_subscriptions', { params: { limit: SUBSCRIPTIONS_MAX } })
  })
  return known
}
