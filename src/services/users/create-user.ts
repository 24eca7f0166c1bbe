import { sql } from 'drizzle-orm'
import { joinName } from '#core/auth/names'
import type { RegisterInput } from '#core/auth/register'
import { toUser, type User } from '#core/auth/user'
import { AppError } from '#core/errors'
import { DatabaseError } from '#db/errors'
import { newId } from '#lib/ids'
import type { PublicCtx } from '#services/context'
import { refuseTaken } from './refuse-taken.ts'
import { USER_LOCK } from './user-lock.ts'

const NOT_NULL_VIOLATION = '23502'

export interface NewUser extends Omit<RegisterInput, 'password'> {
  readonly password_hash: string
}

/**
 * Stores a user with a personal workspace, all or nothing. The installation's first user is its administrator.
 *
 * @param isOpen whether others than the first may register
 * @throws AppError `email_taken`, `username_taken`; `registration_closed` when it is not open and others are there
 */
export async function createUser(
  { db, now }: Pick<PublicCtx, 'db' | 'now'>,
  person: NewUser,
  isOpen = true,
): Promise<User> {
  const { users, workspaces, workspaceMembers } = db.tables
  const [userId, workspaceId] = [newId(), newId()]
  const at = new Date(now())
  const times = { created_at: at, updated_at: at }
  const isFirst = sql`not exists (select 1 from ${users})`
  // Nobody else gets a role where registration is closed, and without one the row is refused.
  const others = isOpen ? sql`'user'` : sql`null`
  const role = sql<'admin' | 'user'>`case when ${isFirst} then 'admin' else ${others} end`
  const workspace = { id: workspaceId, name: joinName(person), personal_user_id: userId, ...times }
  const owner = { workspace_id: workspaceId, user_id: userId, role: 'owner', created_at: at } as const
  const [, [stored]] = await db
    .batch([
      // Who is the first, others who register and administrators who leave decide too: one after the other. Each
      // statement then sees what the ones before have committed.
      db.execute(sql`select pg_advisory_xact_lock(${USER_LOCK}::bigint)`),
      db
        .insert(users)
        .values({ id: userId, ...person, role, ...times })
        .returning(),
      db.insert(workspaces).values(workspace),
      db.insert(workspaceMembers).values(owner),
    ])
    .catch((error: unknown) => {
      throw isRoleMissing(error) ? new AppError('registration_closed', { cause: error }) : error
    })
    .catch(refuseTaken)
  if (stored === undefined) throw new Error('an insert returned no row')
  return toUser(stored)
}

function isRoleMissing(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlState === NOT_NULL_VIOLATION
}
