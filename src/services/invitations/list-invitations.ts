import { and, desc, eq, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Invitation } from '#core/workspace/invitation'
import type { Ctx } from '#services/context'
import { isOpen } from './is-open.ts'
import { toInvitation } from './to-invitation.ts'

/** The workspace's invitations that can still be accepted, newest first. */
export async function listInvitations(ctx: Ctx, paging: Paging): Promise<Page<Invitation>> {
  const { db } = ctx
  const { workspaceInvitations: invitations } = db.tables
  const wanted = and(eq(invitations.workspace_id, ctx.principal.workspaceId), isOpen(db, new Date(ctx.now())))
  const total = db.$count(invitations, wanted)
  const rows = await db
    .select({ row: invitations, total: sql`${total}`.mapWith(Number) })
    .from(invitations)
    .where(wanted)
    .orderBy(desc(invitations.created_at), desc(invitations.id))
    .limit(paging.size)
    .offset((paging.page - 1) * paging.size)
  const count = rows[0]?.total ?? (paging.page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toInvitation(row)),
    count,
    paging,
  )
}
