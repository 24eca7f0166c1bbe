import type { Subscription } from '#core/events/subscription'
import type { Tables } from '#db/schema'

/** A row as clients see it. */
export function toSubscription(row: Tables['eventSubscriptions']['$inferSelect']): Subscription {
  const { id, url, events, description, is_active, disabled_reason, failing_since } = row
  return {
    id,
    url,
    events,
    description,
    is_active,
    disabled_reason,
    failing_since: failing_since?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
