import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { AccessToken } from '#auth/access-token'
import { AppError } from '#core/errors'
import type { Principal } from '#core/principal'
import { prepareOnce } from '#db/prepared'
import { isUuid } from '#lib/ids'
import type { PublicCtx } from '#services/context'

/**
 * Whom a verified token or ticket stands for, asked of the database at every use: that is what makes a logout, a
 * closed account or a changed role take effect at once.
 *
 * @throws AppError `invalid_credentials` when the session has ended, `not_found` for a workspace that is not theirs
 */
export async function findPrincipal(
  { db, now }: Pick<PublicCtx, 'db' | 'now'>,
  { userId, sessionId, expiresAt }: AccessToken,
  workspaceId: string | undefined,
): Promise<Principal> {
  const [found] = await findSession(db, shapeOf(workspaceId), { userId, sessionId, workspaceId, now: new Date(now()) })
  if (found === undefined) throw new AppError('invalid_credentials')
  const { role, workspaceId: id, workspaceRole } = found
  if (id === null || workspaceRole === null) throw new AppError('not_found')
  return { kind: 'user', userId, sessionId, role, workspaceId: id, workspaceRole, expiresAt }
}

/** Which workspace is wanted. */
type Wanted = 'personal' | 'named' | 'none'

function shapeOf(workspaceId: string | undefined): Wanted {
  if (workspaceId === undefined) return 'personal'
  // PostgreSQL would refuse the statement, and the token is to be judged first.
  return isUuid(workspaceId) ? 'named' : 'none'
}

const findSession = prepareOnce((db, wanted: Wanted) => {
  const { sessions, users, workspaces, workspaceMembers } = db.tables
  const isWanted = {
    personal: eq(workspaces.personal_user_id, users.id),
    named: eq(workspaces.id, sql.placeholder('workspaceId')),
    none: sql`false`,
  }
  return db
    .select({ role: users.role, workspaceId: workspaces.id, workspaceRole: workspaceMembers.role })
    .from(sessions)
    .innerJoin(users, and(eq(users.id, sessions.user_id), users.is_active))
    .leftJoin(workspaces, isWanted[wanted])
    .leftJoin(
      workspaceMembers,
      and(eq(workspaceMembers.workspace_id, workspaces.id), eq(workspaceMembers.user_id, users.id)),
    )
    .where(
      and(
        eq(sessions.id, sql.placeholder('sessionId')),
        eq(sessions.user_id, sql.placeholder('userId')),
        isNull(sessions.revoked_at),
        gt(sessions.expires_at, sql.placeholder('now')),
      ),
    )
})
