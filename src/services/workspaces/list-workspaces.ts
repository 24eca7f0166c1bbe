import { and, desc, eq, ilike, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Workspace, WorkspaceFilter } from '#core/workspace/workspace'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { toWorkspace } from './to-workspace.ts'

/** The workspaces that the caller is a member of, newest first. An API key sees the one that it is for. */
export async function listWorkspaces(ctx: Ctx, filter: WorkspaceFilter & Paging): Promise<Page<Workspace>> {
  // Across workspaces on purpose: what is listed are the caller's own memberships.
  const db = ctx.unscopedDb
  const { workspaces, workspaceMembers: members } = db.tables
  const { principal } = ctx
  const { search, page, size } = filter
  const wanted = and(
    eq(members.user_id, principal.userId),
    principal.kind === 'api_key' ? eq(members.workspace_id, principal.workspaceId) : undefined,
    search === undefined ? undefined : ilike(workspaces.name, containing(search)),
  )
  const rows = await db
    .select({ row: workspaces, role: members.role, total: sql`count(*) over ()`.mapWith(Number) })
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspace_id))
    .where(wanted)
    .orderBy(desc(workspaces.created_at), desc(workspaces.id))
    .limit(size)
    .offset((page - 1) * size)
  const count = rows[0]?.total ?? (page === 1 ? 0 : await countAll())
  return toPage(
    rows.map(({ row, role }) => toWorkspace(row, role)),
    count,
    filter,
  )

  /** Behind the last page no row carries the count. */
  async function countAll(): Promise<number> {
    const of = db.select({ id: workspaces.id }).from(members)
    return db.$count(of.innerJoin(workspaces, eq(workspaces.id, members.workspace_id)).where(wanted).as('own'))
  }
}
