import { and, desc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Session } from '#core/auth/session'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { demandSession } from './demand.ts'

/** Where the caller is logged in, the newest first. */
export async function listSessions(ctx: Ctx, paging: Paging): Promise<Page<Session>> {
  const { sessions } = ctx.db.tables
  const { userId, sessionId } = demandSession(ctx.principal)
  const isOpen = and(
    eq(sessions.user_id, userId),
    isNull(sessions.revoked_at),
    gt(sessions.expires_at, new Date(ctx.now())),
  )
  const total = ctx.db.$count(sessions, isOpen)
  const rows = await ctx.db
    .select({ row: sessions, total: sql`${total}`.mapWith(Number) })
    .from(sessions)
    .where(isOpen)
    .orderBy(desc(sessions.created_at), desc(sessions.id))
    .limit(paging.size)
    .offset((paging.page - 1) * paging.size)
  const count = rows[0]?.total ?? (paging.page === 1 ? 0 : await total)
  const items = rows.map(({ row }): Session => ({
    id: row.id,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    user_agent: row.user_agent,
    address: row.address,
    current: row.id === sessionId,
  }))
  return toPage(items, count, paging)
}
