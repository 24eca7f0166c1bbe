import { z } from 'zod'
import { EventType, EVENT_TYPES } from './event.ts'

export const SUBSCRIPTIONS_MAX = 20

const url = z.url({ protocol: /^https?$/ }).max(2_048)
const events = z
  .array(EventType)
  .min(1)
  .max(EVENT_TYPES.length)
  .transform((types) => [...new Set(types)])
const description = z.string().trim().max(500).nullable()

export const SubscriptionInput = z
  .strictObject({ url, events, description: description.default(null), is_active: z.boolean().default(true) })
  .meta({ id: 'EventSubscriptionInput' })
export type SubscriptionInput = z.infer<typeof SubscriptionInput>

export const SubscriptionPatch = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    is_active: z.boolean().optional(),
  })
  .meta({ id: 'EventSubscriptionPatch' })
export type SubscriptionPatch = z.infer<typeof SubscriptionPatch>

/** An address that is told of a workspace's events. */
export const Subscription = z
  .object({
    id: z.uuid(),
    url: z.string(),
    events: z.array(EventType),
    description: z.string().nullable(),
    is_active: z.boolean(),
    disabled_reason: z
      .enum(['failing', 'gone'])
      .nullable()
      .describe('Why it was turned off by itself: nothing arrived for three days, or the address answered 410.'),
    failing_since: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'EventSubscription' })
export type Subscription = z.infer<typeof Subscription>

/** The secret stands in the first answer alone. */
export const NewSubscription = Subscription.extend({ secret: z.string().optional() }).meta({
  id: 'NewEventSubscription',
})
export type NewSubscription = z.infer<typeof NewSubscription>

export const SubscriptionSecret = z.object({ secret: z.string() }).meta({ id: 'EventSubscriptionSecret' })
