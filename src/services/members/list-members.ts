import { and, desc, eq, ilike, or, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Member, MemberFilter } from '#core/workspace/member'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { memberColumns, toMember } from './to-member.ts'

/** Who is in the workspace, who joined last first. */
export async function listMembers(ctx: Ctx, filter: MemberFilter & Paging): Promise<Page<Member>> {
  const { db } = ctx
  const { users, workspaceMembers: members } = db.tables
  const { search, role, page, size } = filter
  const fullName = sql`${users.first_name} || ' ' || ${users.last_name}`
  const wanted = and(
    eq(members.workspace_id, ctx.principal.workspaceId),
    role === undefined ? undefined : eq(members.role, role),
    search === undefined ? undefined : or(ilike(fullName, containing(search)), ilike(users.email, containing(search))),
  )
  const isUser = eq(users.id, members.user_id)
  const rows = await db
    .select({ ...memberColumns(db), total: sql`count(*) over ()`.mapWith(Number) })
    .from(members)
    .innerJoin(users, isUser)
    .where(wanted)
    .orderBy(desc(members.created_at), desc(members.user_id))
    .limit(size)
    .offset((page - 1) * size)
  const count = rows[0]?.total ?? (page === 1 ? 0 : await countAll())
  return toPage(rows.map(toMember), count, filter)

  /** Behind the last page no row carries the count. */
  async function countAll(): Promise<number> {
    const all = db.select({ id: members.user_id }).from(members).innerJoin(users, isUser).where(wanted)
    return db.$count(all.as('all_members'))
  }
}
