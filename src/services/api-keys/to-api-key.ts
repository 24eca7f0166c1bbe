import { type ApiKey, toScopes } from '#core/api-keys/api-key'
import type { Tables } from '#db/schema'

type ApiKeyRow = Tables['apiKeys']['$inferSelect']

/** A row as clients see it: never its hash. */
export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: toScopes(row.scopes),
    workspace_id: row.workspace_id,
    user_id: row.user_id,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
  }
}
