import { and, desc, eq, ilike, or, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Variable, VariableFilter } from '#core/variable/variable'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { toVariable } from './to-variable.ts'

/** The workspace's variables, newest first: rows and count in one statement. */
export async function listVariables(ctx: Ctx, filter: VariableFilter & Paging): Promise<Page<Variable>> {
  const { variables } = ctx.db.tables
  const { search, secret, category, is_active, page, size } = filter
  const wanted = and(
    eq(variables.workspace_id, ctx.principal.workspaceId),
    search === undefined
      ? undefined
      : or(ilike(variables.key, containing(search)), ilike(variables.description, containing(search))),
    secret === undefined ? undefined : eq(variables.is_secret, secret),
    category === undefined ? undefined : eq(variables.category, category),
    is_active === undefined ? undefined : eq(variables.is_active, is_active),
  )
  const total = ctx.db.$count(variables, wanted)
  const rows = await ctx.db
    .select({ row: variables, total: sql`${total}`.mapWith(Number) })
    .from(variables)
    .where(wanted)
    .orderBy(desc(variables.created_at), desc(variables.id))
    .limit(size)
    .offset((page - 1) * size)
  // Behind the last page no row carries the count.
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toVariable(row)),
    count,
    filter,
  )
}
