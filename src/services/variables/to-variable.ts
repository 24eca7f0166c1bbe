import type { Variable } from '#core/variable/variable'
import type { Tables } from '#db/schema'

export type VariableRow = Tables['variables']['$inferSelect']

/** A row as clients see it: of a secret everything but its value. */
export function toVariable(row: VariableRow): Variable {
  const { id, key, is_secret: secret, description, category, hosts, is_active } = row
  return {
    id,
    key,
    value: secret ? null : row.value,
    secret,
    description,
    category,
    hosts,
    is_active,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
