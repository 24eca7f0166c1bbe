import { and, eq, gt, inArray, isNull, or } from 'drizzle-orm'
import type { Standing } from '#core/hub/connection'
import type { SocketHolder } from '#core/socket'
import type { Db } from '#db/connect'

/** Parameters in one statement: it takes at most 65,535. */
const HOLDERS_AT_ONCE = 10_000

/**
 * How the holders of sockets stand in this workspace now, by their ids. Who is missing has ended: a session, a key or
 * the whole account. A role of null belongs to who is no member.
 *
 * @param now Unix milliseconds
 */
export async function verifyHolders(
  db: Db,
  workspaceId: string,
  holders: readonly SocketHolder[],
  now: number,
): Promise<Map<string, Standing>> {
  const idsOf = (kind: SocketHolder['kind']) => [
    ...new Set(holders.filter((holder) => holder.kind === kind).map(({ id }) => id)),
  ]
  const standings = new Map<string, Standing>()
  for (const ids of chunk(idsOf('session'))) {
    for (const { id, role } of await findSessions(db, workspaceId, ids, now)) standings.set(id, { role, scopes: null })
  }
  for (const ids of chunk(idsOf('api_key'))) {
    for (const { id, role, scopes } of await findKeys(db, workspaceId, ids, now)) standings.set(id, { role, scopes })
  }
  return standings
}

function findSessions(db: Db, workspaceId: string, ids: readonly string[], now: number) {
  const { sessions, users, workspaceMembers } = db.tables
  return db
    .select({ id: sessions.id, role: workspaceMembers.role })
    .from(sessions)
    .innerJoin(users, and(eq(users.id, sessions.user_id), users.is_active))
    .leftJoin(
      workspaceMembers,
      and(eq(workspaceMembers.user_id, users.id), eq(workspaceMembers.workspace_id, workspaceId)),
    )
    .where(and(inArray(sessions.id, [...ids]), isNull(sessions.revoked_at), gt(sessions.expires_at, new Date(now))))
}

function findKeys(db: Db, workspaceId: string, ids: readonly string[], now: number) {
  const { apiKeys, users, workspaceMembers } = db.tables
  return db
    .select({ id: apiKeys.id, role: workspaceMembers.role, scopes: apiKeys.scopes })
    .from(apiKeys)
    .innerJoin(users, and(eq(users.id, apiKeys.user_id), users.is_active))
    .leftJoin(
      workspaceMembers,
      and(eq(workspaceMembers.user_id, users.id), eq(workspaceMembers.workspace_id, workspaceId)),
    )
    .where(
      and(
        inArray(apiKeys.id, [...ids]),
        eq(apiKeys.workspace_id, workspaceId),
        or(isNull(apiKeys.expires_at), gt(apiKeys.expires_at, new Date(now))),
      ),
    )
}

function chunk(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / HOLDERS_AT_ONCE)
  return Array.from({ length: count }, (_, n) => ids.slice(n * HOLDERS_AT_ONCE, (n + 1) * HOLDERS_AT_ONCE))
}
