import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { eventSecret, signEvent } from '#auth/event-signature'
import { readConfig } from '#config'
import { ATTEMPTS_MS, GIVE_UP_MS, nextDelay } from '#core/events/delivery'
import type { Db } from '#db/connect'
import type { Tables } from '#db/schema'
import { OutboundError } from '#outbound/errors'
import { withLine } from '#services/audit/audit'
import { openGate } from '#services/llm/open-models'

const DEADLINE_MS = 10_000
/** Of an answer: nothing of it is kept but the status. */
const MAX_ANSWER_BYTES = 64 * 1024
/** After a rotation both secrets sign for so long. */
const OVERLAP_MS = 24 * 60 * 60 * 1000
const GONE = 410

type Subscription = Tables['eventSubscriptions']['$inferSelect']
type Delivery = Tables['eventDeliveries']['$inferSelect']

interface Outcome {
  readonly status: number | null
  readonly error: string | null
}

/**
 * Sends one event to one address and writes down what came of it.
 *
 * @returns whether it arrived
 * @throws DatabaseUnavailable: then it is sent again, with the same `webhook-id`
 */
export async function sendDelivery(env: Env, db: Db, subscription: Subscription, delivery: Delivery): Promise<boolean> {
  const outcome = await send(env, subscription, delivery)
  const arrived = outcome.error === null
  const now = Date.now()
  const attempts = delivery.attempts + 1
  const isLate = now - delivery.queued_at.getTime() > ATTEMPTS_MS
  const delay = arrived || isLate ? undefined : nextDelay(attempts, Math.random())
  const { eventDeliveries: deliveries, eventSubscriptions: subscriptions } = db.tables
  const isSubscription = and(
    eq(subscriptions.id, subscription.id),
    eq(subscriptions.workspace_id, subscription.workspace_id),
  )
  const noted = db
    .update(deliveries)
    .set({
      attempts,
      response_status: outcome.status,
      error: outcome.error,
      status: arrived ? 'delivered' : delay === undefined ? 'failed' : 'pending',
      next_attempt_at: delay === undefined ? null : new Date(now + delay),
      delivered_at: arrived ? new Date(now) : null,
    })
    .where(and(eq(deliveries.id, delivery.id), eq(deliveries.workspace_id, subscription.workspace_id)))
  const health = db
    .update(subscriptions)
    .set({
      failing_since: arrived ? null : sql`coalesce(${subscriptions.failing_since}, ${new Date(now)}::timestamptz)`,
    })
    .where(
      and(
        isSubscription,
        arrived ? sql`${subscriptions.failing_since} is not null` : isNull(subscriptions.failing_since),
      ),
    )
  const isHopeless = or(
    outcome.status === GONE ? sql`true` : sql`false`,
    lt(subscriptions.failing_since, new Date(now - GIVE_UP_MS)),
  )
  const ending = db
    .update(subscriptions)
    .set({ is_active: false, disabled_reason: outcome.status === GONE ? 'gone' : 'failing' })
    .where(and(isSubscription, subscriptions.is_active, isHopeless))
    .returning({ id: subscriptions.id })
  const system = { client: { address: undefined, userAgent: undefined }, requestId: delivery.id, now: Date.now }
  const fact = { action: 'event_subscription.disabled', resourceId: subscription.id } as const
  const disabling = withLine(system, db, ending, { ...fact, workspaceId: subscription.workspace_id })
  await db.batch([noted, health, ...(arrived ? [] : [disabling])])
  return arrived
}

async function send(env: Env, subscription: Subscription, { event_id: id, payload }: Delivery): Promise<Outcome> {
  const body = JSON.stringify(payload)
  const now = Date.now()
  const headers = {
    'content-type': 'application/json',
    ...signEvent(secretsOf(env, subscription, now), id, body, now),
  }
  try {
    const response = await openGate(env).fetch(
      // A redirect is no arrival: whoever moves says so by changing the subscription.
      { url: subscription.url, method: 'POST', headers, body, redirect: 'manual' },
      { timeoutMs: DEADLINE_MS, maxBytes: MAX_ANSWER_BYTES },
    )
    await response.body?.cancel()
    return { status: response.status, error: response.ok ? null : `http_${response.status}` }
  } catch (error) {
    return { status: null, error: error instanceof OutboundError ? error.code : 'outbound_network' }
  }
}

function secretsOf(env: Env, { id, generation, rotated_at: rotatedAt }: Subscription, now: number): string[] {
  const { SECRET_KEY } = readConfig(env)
  const isOverlapping = rotatedAt !== null && rotatedAt.getTime() > now - OVERLAP_MS
  return [generation, ...(isOverlapping ? [generation - 1] : [])].map((one) => eventSecret(SECRET_KEY, id, one))
}
