import { and, eq, inArray, type SQL } from 'drizzle-orm'
import type { Tables } from '#db/schema'

/** The condition on the variables of a workspace for secrets of these names that are in use. */
export function isUsableSecret(
  variables: Tables['variables'],
  workspaceId: string,
  names: readonly string[],
): SQL | undefined {
  return and(
    eq(variables.workspace_id, workspaceId),
    eq(variables.is_secret, true),
    eq(variables.is_active, true),
    inArray(variables.key, [...names]),
  )
}
