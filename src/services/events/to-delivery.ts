import type { Delivery } from '#core/events/delivery'
import type { Tables } from '#db/schema'

/** A row as clients see it. */
export function toDelivery(row: Tables['eventDeliveries']['$inferSelect']): Delivery {
  const { id, event_id, type, status, attempts, payload, response_status, error } = row
  return {
    id,
    event_id,
    type,
    status,
    attempts,
    payload,
    response_status,
    error,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    delivered_at: row.delivered_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}
