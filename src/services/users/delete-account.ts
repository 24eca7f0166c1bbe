import { and, eq, exists, inArray, isNull, ne, notExists, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { maintenance } from '#actors'
import type { DeleteAccountInput } from '#core/auth/delete-account'
import { AppError } from '#core/errors'
import type { Db } from '#db/connect'
import { withLine } from '#services/audit/audit'
import { confirmPassword } from '#services/auth/confirm-password'
import { isPrivateOf, rememberChats } from '#services/chats/delete-chats'
import type { Ctx } from '#services/context'
import { listWorkspaceIds, recheckWorkspaces } from '#services/hub/recheck-sockets'
import { cancelOrphans, removeWorkspaces } from '#services/workspaces/remove-workspaces'
import { USER_LOCK } from './user-lock.ts'

/**
 * Deletes the caller's account with the workspaces that nobody else is in: the personal one, and teams of one. Executions
 * that are known to run there are cancelled, and what one of them still projects at its end is dropped
 * (`project-execution.ts`). The caller leaves the other workspaces; what was made there stays.
 *
 * @throws AppError `wrong_password`, `busy`, `too_many_attempts`; `last_admin` while others would be left without an
 *   administrator; `last_owner` while others would be left in a workspace without an owner
 */
export async function deleteAccount(ctx: Ctx, { password }: DeleteAccountInput): Promise<void> {
  const { password_hash } = await confirmPassword(ctx, password)
  // All of the caller's workspaces are asked about, whichever one the request names.
  const db = ctx.unscopedDb
  const { users, workspaces } = db.tables
  const { userId } = ctx.principal
  // They go with the account.
  const workspaceIds = await listWorkspaceIds(ctx, userId)
  const isSelf = eq(users.id, userId)
  const isCaller = and(isSelf, eq(users.password_hash, password_hash))
  const mayLeave = and(isCaller, isSpare(db, userId), notExists(stranded(db, userId)))
  const leaving = db
    .select({ one: sql`1` })
    .from(users)
    .where(mayLeave)
  const removal = removeWorkspaces(ctx, db, and(isAlone(db, userId), exists(leaving)))
  // Those in other workspaces, too: nobody else could ever see them. The sweep takes the rows.
  const isPrivateOfLeaving = and(isPrivateOf(db, userId), exists(leaving))
  const deletion = db.delete(users).where(mayLeave).returning({ id: users.id })
  const [, , , , running, , , , , , , deleted] = await db.batch([
    // Administrators who leave at once, or while somebody registers, come one after the other.
    db.execute(sql`select pg_advisory_xact_lock(${USER_LOCK}::bigint)`),
    // Whoever makes the caller a member of anything waits, and then finds the account gone.
    db.select({ id: users.id }).from(users).where(isSelf).for('update'),
    // Likewise whoever changes who is in these workspaces.
    db
      .select({ id: workspaces.id })
      .from(workspaces)
      .where(inArray(workspaces.id, memberships(db, userId)))
      .orderBy(workspaces.id)
      .for('no key update'),
    removal.lock,
    removal.running,
    removal.visits,
    removal.executions,
    removal.chats,
    rememberChats(db, isPrivateOfLeaving),
    removal.objects,
    removal.workspaces,
    withLine(ctx, db, deletion, { action: 'account.deleted', resourceId: userId }),
  ])
  if (deleted.length === 0) throw await whyNot(ctx, password_hash)
  recheckWorkspaces(ctx, workspaceIds, userId)
  ctx.later(() => maintenance(ctx.env).sweepSoon())
  await cancelOrphans(ctx, running)
}

/** Whether the installation can do without this user: there is another administrator, or nobody else at all. */
function isSpare(db: Db, userId: string): SQL | undefined {
  const { users } = db.tables
  const among = (condition: SQL | undefined) =>
    db
      .select({ one: sql`1` })
      .from(users)
      .where(condition)
  const isOther = ne(users.id, userId)
  const isAdmin = and(eq(users.role, 'admin'), users.is_active)
  return or(sql`${users.role} <> 'admin'`, exists(among(and(isOther, isAdmin))), notExists(among(isOther)))
}

function memberships(db: Db, userId: string) {
  const { workspaceMembers: members } = db.tables
  return db.select({ id: members.workspace_id }).from(members).where(eq(members.user_id, userId))
}

/** The other members of a workspace, as the statement around it names it. */
function othersIn(db: Db, userId: string, role?: 'owner') {
  const { workspaces, workspaceMembers } = db.tables
  const others = alias(workspaceMembers, 'others')
  const isOther = and(eq(others.workspace_id, workspaces.id), ne(others.user_id, userId))
  return db
    .select({ one: sql`1` })
    .from(others)
    .where(and(isOther, role === undefined ? undefined : eq(others.role, role)))
}

/** A condition on `workspaces`: whether nobody else is in it. */
function isAlone(db: Db, userId: string): SQL | undefined {
  const { workspaces } = db.tables
  const isMine = or(eq(workspaces.personal_user_id, userId), inArray(workspaces.id, memberships(db, userId)))
  return and(isMine, notExists(othersIn(db, userId)))
}

/** The team workspaces in which others would be left without an owner. */
function stranded(db: Db, userId: string) {
  const { workspaces, workspaceMembers: members } = db.tables
  const isOwner = and(eq(members.workspace_id, workspaces.id), eq(members.user_id, userId), eq(members.role, 'owner'))
  return db
    .select({ name: workspaces.name })
    .from(workspaces)
    .innerJoin(members, isOwner)
    .where(
      and(isNull(workspaces.personal_user_id), exists(othersIn(db, userId)), notExists(othersIn(db, userId, 'owner'))),
    )
    .orderBy(workspaces.name)
}

async function whyNot(ctx: Ctx, password_hash: string): Promise<AppError> {
  const { users } = ctx.db.tables
  const { userId } = ctx.principal
  const [stored] = await ctx.db.select({ hash: users.password_hash }).from(users).where(eq(users.id, userId))
  if (stored === undefined) return new AppError('invalid_credentials')
  if (stored.hash !== password_hash) return new AppError('wrong_password')
  const left = await stranded(ctx.unscopedDb, userId)
  if (left.length === 0) return new AppError('last_admin')
  return new AppError('last_owner', { params: { workspaces: left.map(({ name }) => name).join(', ') } })
}
