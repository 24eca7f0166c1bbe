import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import { joinName } from '#core/auth/names'
import type { RegisterInput } from '#core/auth/register'
import { toUser, type User } from '#core/auth/user'
import { AppError } from '#core/errors'
import type { Db } from '#db/connect'
import { DatabaseError } from '#db/errors'
import { newId } from '#lib/ids'
import { type AuditCtx, auditLine } from '#services/audit/audit'
import type { PublicCtx } from '#services/context'
import type { FoundInvitation } from '#services/invitations/find-invitation'
import { isOpen as isOpenInvitation } from '#services/invitations/is-open'
import { joinWorkspace } from '#services/invitations/join-workspace'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { refuseTaken } from './refuse-taken.ts'
import { USER_LOCK } from './user-lock.ts'

const NOT_NULL_VIOLATION = '23502'

export interface NewUser extends Omit<RegisterInput, 'password' | 'invitation'> {
  readonly password_hash: string
}

/**
 * Stores a user with a personal workspace, all or nothing. The installation's first user is its administrator.
 *
 * @param isOpen whether others than the first may register
 * @param invitation by which the user joins a workspace at once, whether it is open or not; it came by mail, so that the
 *   address is confirmed too
 * @throws AppError `email_taken`, `username_taken`; `registration_closed` when it is not open and others are there;
 *   `invalid_token` when the invitation was spent meanwhile
 */
export async function createUser(
  ctx: AuditCtx & Pick<PublicCtx, 'db'>,
  person: NewUser,
  isOpen = true,
  invitation?: FoundInvitation,
): Promise<User> {
  const { db, now } = ctx
  const { users, workspaces, workspaceMembers } = db.tables
  const [userId, workspaceId] = [newId(), newId()]
  const at = new Date(now())
  const times = { created_at: at, updated_at: at }
  const isFirst = sql`not exists (select 1 from ${users})`
  // Nobody else gets a role where registration is closed, and without one the row is refused.
  const others = invitation === undefined ? isOpen : isStillOpen(db, invitation, at)
  const role = sql<'admin' | 'user'>`case when ${isFirst} then 'admin' when ${others} then 'user' end`
  const workspace = { id: workspaceId, name: joinName(person), personal_user_id: userId, ...times }
  const owner = { workspace_id: workspaceId, user_id: userId, role: 'owner', created_at: at } as const
  const fact = { action: 'account.registered', resourceId: userId, userId } as const
  const is_verified = invitation !== undefined
  const [, , [stored]] = await db
    .batch([
      // Who is the first, others who register and administrators who leave decide too: one after the other. Each
      // statement then sees what the ones before have committed.
      db.execute(sql`select pg_advisory_xact_lock(${USER_LOCK}::bigint)`),
      // A workspace that is none locks nothing.
      lockWorkspace(db, invitation?.workspaceId ?? workspaceId),
      db
        .insert(users)
        .values({ id: userId, ...person, is_verified, role, ...times })
        .returning(),
      db.insert(workspaces).values(workspace),
      db.insert(workspaceMembers).values(owner),
      auditLine(ctx, db, fact),
      ...(invitation === undefined ? [] : [joinWorkspace(ctx, db, invitation, userId)]),
    ])
    .catch((error: unknown) => {
      const code = invitation === undefined ? 'registration_closed' : 'invalid_token'
      throw isRoleMissing(error) ? new AppError(code, { cause: error }) : error
    })
    .catch(refuseTaken)
  if (stored === undefined) throw new Error('an insert returned no row')
  return toUser(stored)
}

function isStillOpen(db: Db, { id }: FoundInvitation, at: Date): SQL {
  const { workspaceInvitations: invitations } = db.tables
  return exists(
    db
      .select({ one: sql`1` })
      .from(invitations)
      .where(and(eq(invitations.id, id), isOpenInvitation(db, at))),
  )
}

function isRoleMissing(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlState === NOT_NULL_VIOLATION
}
