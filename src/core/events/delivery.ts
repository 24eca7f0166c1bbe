import { z } from 'zod'
import { AnyJsonObject } from '#core/json'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Between one attempt and the next: a day in all. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  8 * HOUR_MS,
]
/** So that what failed together does not come back together. */
const SPREAD = 0.2

/** After this nothing is tried any more. */
export const ATTEMPTS_MS = 24 * HOUR_MS

/** Without a success for so long a subscription is turned off. */
export const GIVE_UP_MS = 3 * 24 * HOUR_MS

/**
 * How long after this many failed attempts the next one comes, in milliseconds; undefined when there is none.
 *
 * @param random from 0 to 1
 */
export function nextDelay(attempts: number, random: number): number | undefined {
  const delay = DELAYS_MS[attempts - 1]
  return delay === undefined ? undefined : Math.round(delay * (1 + SPREAD * random))
}

/**
 * How long an address that has failed since then is left alone, in milliseconds, whatever else waits for it.
 *
 * @param failingMs since the first failure
 */
export function restFor(failingMs: number): number {
  return Math.min(Math.max(failingMs / 2, 5 * SECOND_MS), HOUR_MS)
}

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const

/** One event on its way to one address. */
export const Delivery = z
  .object({
    id: z.uuid(),
    event_id: z.string().describe('The `webhook-id`: the same on every attempt and replay.'),
    type: z.string(),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.int(),
    payload: AnyJsonObject,
    response_status: z.int().nullable().describe('Of the last attempt; null where nothing answered.'),
    error: z.string().nullable(),
    next_attempt_at: z.iso.datetime().nullable(),
    delivered_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'EventDelivery' })
export type Delivery = z.infer<typeof Delivery>

export const DeliveryFilter = z.object({
  status: z.enum(DELIVERY_STATUSES).optional(),
  type: z.string().max(50).optional(),
})
export type DeliveryFilter = z.infer<typeof DeliveryFilter>
