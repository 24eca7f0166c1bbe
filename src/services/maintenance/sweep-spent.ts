import { and, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const ROWS_AT_ONCE = 1_000

/**
 * Deletes what nobody can use any more: spent links, ended sessions, invitations that nobody accepted, forgotten wrong
 * passwords, old idempotency keys. Each a day or more after its end, so that whoever comes late still gets the reason.
 *
 * @returns whether there may be more
 */
export async function sweepSpent({ db, now }: MaintenanceCtx): Promise<boolean> {
  const { oneTimeTokens, sessions, refreshTokens, workspaceInvitations, loginFailures, idempotencyKeys } = db.tables
  const ago = (ms: number) => new Date(now() - ms)
  const spent: (readonly [PgTable, SQL | undefined])[] = [
    [oneTimeTokens, and(lt(oneTimeTokens.expires_at, ago(DAY_MS)), lt(oneTimeTokens.window_began_at, ago(DAY_MS)))],
    [sessions, or(lt(sessions.expires_at, ago(DAY_MS)), lt(sessions.revoked_at, ago(7 * DAY_MS)))],
    [refreshTokens, lt(refreshTokens.expires_at, ago(DAY_MS))],
    [
      workspaceInvitations,
      and(isNull(workspaceInvitations.accepted_at), lt(workspaceInvitations.expires_at, ago(7 * DAY_MS))),
    ],
    [loginFailures, and(lt(loginFailures.failed_at, ago(DAY_MS)), lt(loginFailures.blocked_until, ago(DAY_MS)))],
    [idempotencyKeys, lt(idempotencyKeys.created_at, ago(25 * HOUR_MS))],
  ]
  let isLeft = false
  for (const [table, condition] of spent) {
    // Locked rows are in use: the next sweep takes them.
    const some = sql`select ctid from ${table} where ${condition} limit ${ROWS_AT_ONCE}::int for update skip locked`
    const [gone] = await db.execute<{ count: number }>(
      sql`with gone as (delete from ${table} where ctid = any(array(${some})) returning 1 as one)
        select count(*)::int as count from gone`,
    )
    isLeft ||= Number(gone?.count) === ROWS_AT_ONCE
  }
  return isLeft
}
