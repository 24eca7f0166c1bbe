import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import { connectWithin } from '#db/connect'
import { restFor } from '#core/events/delivery'
import { sendDelivery } from './send-delivery.ts'

/** Of one address in one round. */
const EACH_AT_ONCE = 50
/** The edge allows an actor six outgoing connections, and PostgreSQL's is one of them. */
const CONCURRENCY = 5
/** An address that is slow holds up the others of its workspace for no longer than this and one answer. */
const BUDGET_MS = 10_000

/**
 * Sends what a workspace's subscriptions are owed, each address by turns. One that fails is left alone until its next
 * attempt is due.
 *
 * @returns when the next one is due (Unix milliseconds), undefined when nothing is owed
 * @throws DatabaseUnavailable
 */
export async function deliverEvents(env: Env, workspaceId: string): Promise<number | undefined> {
  const db = connectWithin(env, workspaceId)
  const { eventDeliveries: deliveries, eventSubscriptions: subscriptions } = db.tables
  const isOurs = and(eq(deliveries.workspace_id, workspaceId), eq(subscriptions.workspace_id, workspaceId))
  const isOwed = and(isOurs, eq(deliveries.subscription_id, subscriptions.id), subscriptions.is_active)
  const turn = sql`row_number() over (partition by ${deliveries.subscription_id} order by ${deliveries.next_attempt_at}, ${deliveries.id})`
  const due = await db
    .select({ delivery: deliveries, subscription: subscriptions, turn: turn.mapWith(Number).as('turn') })
    .from(deliveries)
    .innerJoin(subscriptions, isOwed)
    .where(lte(deliveries.next_attempt_at, new Date(Date.now())))
    .orderBy(asc(sql`"turn"`), asc(deliveries.next_attempt_at))
    .limit(EACH_AT_ONCE * CONCURRENCY)
  const queue = due.filter((one) => one.turn <= EACH_AT_ONCE)
  const until = Date.now() + BUDGET_MS
  const down = new Set<string>()

  async function work(): Promise<void> {
    for (let one = queue.shift(); one !== undefined && Date.now() < until; one = queue.shift()) {
      const { subscription, delivery } = one
      if (down.has(subscription.id)) continue
      if (!(await sendDelivery(env, db, subscription, delivery))) down.add(subscription.id)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  if (down.size > 0) await putOff([...down])

  const [next] = await db
    .select({ at: min(deliveries.next_attempt_at) })
    .from(deliveries)
    .innerJoin(subscriptions, isOwed)
  return next?.at?.getTime()

  /** What else waits there waits a while longer, so that an address which is down is not asked once for each event. */
  async function putOff(ids: readonly string[]): Promise<void> {
    const now = Date.now()
    for (const id of ids) {
      const since = queueOf(id)?.failing_since?.getTime() ?? now
      const at = new Date(now + restFor(now - since))
      const isItsOwn = and(eq(deliveries.workspace_id, workspaceId), eq(deliveries.subscription_id, id))
      const change = db.update(deliveries).set({ next_attempt_at: at })
      await change.where(and(isItsOwn, lte(deliveries.next_attempt_at, at)))
    }
  }

  function queueOf(id: string) {
    return due.find(({ subscription }) => subscription.id === id)?.subscription
  }
}
