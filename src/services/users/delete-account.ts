import { and, eq, exists, inArray, ne, notExists, or, sql } from 'drizzle-orm'
import type { DeleteAccountInput } from '#core/auth/delete-account'
import { AppError, type ErrorCode } from '#core/errors'
import { EXECUTION_STATUSES, isFinal } from '#core/workflow/run'
import { logLine } from '#lib/log'
import { confirmPassword } from '#services/auth/confirm-password'
import type { Ctx } from '#services/context'
import { findActor } from '#services/executions/find-execution'
import { listWorkspaceIds, recheckWorkspaces } from '#services/hub/recheck-sockets'
import { USER_LOCK } from './user-lock.ts'

/** Actors asked at the same time. */
const CANCELS_AT_ONCE = 10
const LIVE_STATUSES = EXECUTION_STATUSES.filter((status) => !isFinal(status))

/**
 * Deletes the caller's account, the personal workspace and what is in it; other workspaces stay. Executions that are
 * known to run there are cancelled, and what one of them still projects at its end is dropped (`project-execution.ts`).
 *
 * @throws AppError `wrong_password`, `busy`, `too_many_attempts`; `last_admin` while others would be left without an administrator
 */
export async function deleteAccount(ctx: Ctx, { password }: DeleteAccountInput): Promise<void> {
  const { password_hash } = await confirmPassword(ctx, password)
  // The personal workspace goes, whichever one the request names.
  const db = ctx.unscopedDb
  const { users, workspaces, executions, executionVisits: visits } = db.tables
  const { userId } = ctx.principal
  const isPersonal = eq(workspaces.personal_user_id, userId)
  const [personal] = await db.select({ id: workspaces.id }).from(workspaces).where(isPersonal)
  if (personal === undefined) throw new AppError('invalid_credentials')

  // They go with the account.
  const workspaceIds = await listWorkspaceIds(ctx, userId)

  const among = (condition: ReturnType<typeof and>) =>
    db
      .select({ one: sql`1` })
      .from(users)
      .where(condition)
  const isOther = ne(users.id, userId)
  const isAdmin = and(eq(users.role, 'admin'), users.is_active)
  const isSpare = or(sql`${users.role} <> 'admin'`, exists(among(and(isOther, isAdmin))), notExists(among(isOther)))
  const isCaller = and(eq(users.id, userId), eq(users.password_hash, password_hash))
  const isGone = notExists(among(eq(users.id, userId)))
  const isTheirs = and(eq(executions.workspace_id, personal.id), isGone)
  const [, deleted, running] = await db.batch([
    // Administrators who leave at once, or while somebody registers, come one after the other.
    db.execute(sql`select pg_advisory_xact_lock(${USER_LOCK}::bigint)`),
    db.delete(users).where(and(isCaller, isSpare)).returning({ id: users.id }),
    db
      .select({ id: executions.id })
      .from(executions)
      .where(and(isTheirs, inArray(executions.status, LIVE_STATUSES))),
    db
      .delete(visits)
      .where(inArray(visits.execution_id, db.select({ id: executions.id }).from(executions).where(isTheirs))),
    db.delete(executions).where(isTheirs),
  ])
  if (deleted.length === 0) throw new AppError(await whyNot(ctx, password_hash))
  recheckWorkspaces(ctx, workspaceIds, userId)
  await cancelAll(
    ctx,
    personal.id,
    running.map(({ id }) => id),
  )
}

async function whyNot(ctx: Ctx, password_hash: string): Promise<ErrorCode> {
  const { users } = ctx.db.tables
  const [stored] = await ctx.db
    .select({ hash: users.password_hash })
    .from(users)
    .where(eq(users.id, ctx.principal.userId))
  if (stored === undefined) return 'invalid_credentials'
  return stored.hash === password_hash ? 'last_admin' : 'wrong_password'
}

/** The account is gone already: an actor that cannot be asked is told on the log, and its run goes on to its end. */
async function cancelAll(ctx: Ctx, workspaceId: string, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += CANCELS_AT_ONCE) {
    const group = ids.slice(start, start + CANCELS_AT_ONCE)
    const cancels = group.map(async (id) => findActor(ctx, id)?.cancel(workspaceId, ctx.principal.userId))
    const failed = (await Promise.allSettled(cancels)).filter(({ status }) => status === 'rejected').length
    if (failed > 0) logLine('warn', { request_id: ctx.requestId, code: 'cancel_failed', executions: failed })
  }
}
