import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import { toPayload, type WorkspaceEvent } from '#core/events/event'
import type { Db } from '#db/connect'
import type { Open, Writing } from '#db/prepared'

/** What waits for one address beyond this is not kept: an address that does not answer must not fill the database. */
const MAX_PENDING = 10_000

/** A condition on `event_subscriptions`: those that are told of this. */
export function isFor({ tables }: Pick<Writing, 'tables'>, type: Open<WorkspaceEvent['type']>): SQL | undefined {
  const { eventSubscriptions: subscriptions } = tables
  return and(eq(subscriptions.is_active, true), sql`${type}::text = any(${subscriptions.events})`)
}

/**
 * The statement that writes an event down for every subscription that wants it: for the batch, or behind it where it is
 * repeated until it succeeds. The same event is written once.
 *
 * @param only a condition on `event_subscriptions`, in place of those that want such events
 * @returns a row for each of them; whoever has committed it pokes `eventDispatch`
 */
export function insertEvent(db: Db, workspaceId: string, event: WorkspaceEvent, only?: SQL) {
  return insertingEvent(db, eventValues(workspaceId, event), only)
}

/** What is written down of an event. */
interface EventValues {
  readonly workspaceId: Open<string>
  readonly id: Open<string>
  readonly type: Open<WorkspaceEvent['type']>
  readonly payload: Open<string>
}

export function eventValues(workspaceId: string, event: WorkspaceEvent) {
  const { id, type } = event
  return { workspaceId, id, type, payload: JSON.stringify(toPayload(workspaceId, event)) }
}

/** The same for an event that is still open. */
export function insertingEvent(db: Writing, { workspaceId, id, type, payload }: EventValues, only?: SQL) {
  const { eventDeliveries: deliveries, eventSubscriptions: subscriptions } = db.tables
  const pending = sql`(select count(*) from (select 1 from ${deliveries} where ${deliveries.subscription_id} = ${subscriptions.id}
    and ${deliveries.status} = 'pending' limit ${MAX_PENDING}::int) as waiting)`
  const isWanted = and(
    eq(subscriptions.workspace_id, workspaceId),
    only ?? isFor(db, type),
    sql`${pending} < ${MAX_PENDING}::int`,
  )
  // In the order of the table's columns.
  const values = sql`gen_random_uuid(), ${workspaceId}::uuid, ${subscriptions.id}, ${id}::text, ${type}::text, ${payload}::json,
    'pending', 0, now(), null::integer, null::text,
    null::timestamptz, now(), now()`
  return db
    .insert(deliveries)
    .select(sql`select ${values} from ${subscriptions} where ${isWanted}`)
    .onConflictDoNothing()
    .returning({ id: deliveries.id })
}

/** Whether somebody is told of anything that happens in this workspace: whoever writes events then pokes `eventDispatch`. */
export function hasSubscribers(db: Db, workspaceId: string): SQL {
  const { eventSubscriptions: subscriptions } = db.tables
  const isActive = and(eq(subscriptions.workspace_id, workspaceId), eq(subscriptions.is_active, true))
  return exists(db.select({ id: subscriptions.id }).from(subscriptions).where(isActive))
}
