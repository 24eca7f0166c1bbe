import { and, eq, inArray } from 'drizzle-orm'
import { isUuid } from '#lib/ids'
import type { Ctx } from '#services/context'

/** By id: what people call these workflows, agents or members; those that are gone are not in it. */
export async function findNames(
  { db, principal }: Ctx,
  kind: string | undefined,
  keys: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> {
  const ids = keys.filter((key) => key !== null && isUuid(key)).map(String)
  const { workflows, agents, users, workspaceMembers: members } = db.tables
  if (ids.length === 0) return new Map()
  if (kind === 'workflow' || kind === 'agent') {
    const table = kind === 'workflow' ? workflows : agents
    const rows = await db
      .select({ id: table.id, name: table.name })
      .from(table)
      .where(and(eq(table.workspace_id, principal.workspaceId), inArray(table.id, ids)))
    return new Map(rows.map(({ id, name }) => [id, name]))
  }
  if (kind !== 'user') return new Map()
  const rows = await db
    .select({ id: users.id, first: users.first_name, last: users.last_name })
    .from(members)
    .innerJoin(users, eq(users.id, members.user_id))
    .where(and(eq(members.workspace_id, principal.workspaceId), inArray(users.id, ids)))
  return new Map(rows.map(({ id, first, last }) => [id, `${first} ${last}`.trim()]))
}
