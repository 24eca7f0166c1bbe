/** Subscriptions as a client has them, and what an address was sent: inside workerd. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { Delivery } from '#core/events/delivery'
import { NewSubscription } from '#core/events/subscription'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { Caller } from '#tests/worker/security/people'
import { HTTP_URL } from '#tests/worker/support/api'

export const BASE = '/api/v1/event-subscriptions'
export const db = connect(env)
const { eventDeliveries } = db.tables

/** A POST of JSON by somebody. */
export async function post(who: Caller, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const answer = await who.call(path, { method: 'POST', ...(body && { body: { ...body } }) })
  return { status: answer.status, body: answer.text === '' ? undefined : JSON.parse(answer.text) }
}

/** Subscribes an address, which must succeed. */
export async function subscribe(who: Caller, url: string, events: readonly string[]) {
  return NewSubscription.parse((await post(who, BASE, { url, events })).body)
}

/** The log of a subscription, newest first. */
export async function deliveriesOf(who: Caller, id: string, query = ''): Promise<Delivery[]> {
  const { text } = await who.call(`${BASE}/${id}/deliveries?size=100&${query}`)
  return z.object({ items: z.array(Delivery) }).parse(JSON.parse(text)).items
}

/** Runs a new workflow to its end; the execution's id. */
export async function run(who: Caller, definition: object): Promise<string> {
  const made = z
    .object({ id: z.string() })
    .parse((await post(who, '/api/v1/workflows', { name: 'Teste', definition })).body)
  const answer = await post(who, `/api/v1/workflows/${made.id}/execute?wait=10`, {})
  return z.object({ id: z.string() }).parse(answer.body).id
}

/** An address that takes everything. */
export const fine = () => {
  const key = newId()
  return { key, url: `${HTTP_URL}/script/${key}` }
}

/** As if the time of the next attempt had come. */
export async function dueNow(subscriptionId: string): Promise<void> {
  await db
    .update(eventDeliveries)
    .set({ next_attempt_at: new Date(Date.now() - 1_000) })
    .where(eq(eventDeliveries.subscription_id, subscriptionId))
}

/** Lets the actor send what is due. Its alarm is not run by hand: it could ring at that moment, and send twice. */
export async function ring(who: Caller): Promise<void> {
  await env.EVENT_DISPATCH.getByName(who.workspaceId).poke(who.workspaceId)
}
