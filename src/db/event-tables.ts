import { sql } from 'drizzle-orm'
import { boolean, index, integer, json, type pgSchema, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { EventType } from '#core/events/event'
import type { JsonObject } from '#lib/json'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** Addresses that are told of a workspace's events, and what they are told. */
export function eventTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const eventSubscriptions = schema.table(
    'event_subscriptions',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      url: text().notNull(),
      events: text().array().$type<EventType[]>().notNull(),
      description: text(),
      is_active: boolean().notNull(),
      /** Counts its secrets, of which none is stored: they follow from this and the installation's key. */
      generation: integer().notNull().default(1),
      rotated_at: moment(),
      /** Since when nothing has arrived. */
      failing_since: moment(),
      disabled_reason: text({ enum: ['failing', 'gone'] }),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [index('event_subscriptions_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc())],
  )

  /** Written in the transaction of what happened, for each subscription that wants it: the outbox and the log in one. */
  const eventDeliveries = schema.table(
    'event_deliveries',
    {
      id: uuid().primaryKey(),
      workspace_id: uuid().notNull(),
      subscription_id: ownedBy(eventSubscriptions),
      event_id: text().notNull(),
      type: text().notNull(),
      payload: json().$type<JsonObject>().notNull(),
      status: text({ enum: ['pending', 'delivered', 'failed'] }).notNull(),
      attempts: integer().notNull().default(0),
      /** Null once nothing is to be tried any more. */
      next_attempt_at: moment(),
      response_status: integer(),
      error: text(),
      delivered_at: moment(),
      created_at: createdAt(),
      /** When its day of attempts began: a replay begins another. */
      queued_at: createdAt(),
    },
    (t) => [
      uniqueIndex('event_deliveries_event_key').on(t.subscription_id, t.event_id),
      index('event_deliveries_list_idx').on(t.subscription_id, t.created_at.desc(), t.id.desc()),
      index('event_deliveries_due_idx')
        .on(t.workspace_id, t.next_attempt_at)
        .where(sql`${t.next_attempt_at} is not null`),
      index('event_deliveries_age_idx').on(t.workspace_id, t.created_at),
    ],
  )
  return { eventSubscriptions, eventDeliveries }
}
