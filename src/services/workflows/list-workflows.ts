import { and, arrayContains, desc, eq, ilike, or, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Workflow, WorkflowFilter } from '#core/workflow/workflow'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { toWorkflow } from './to-workflow.ts'

/** The workspace's workflows, newest first: rows and count in one statement. */
export async function listWorkflows(ctx: Ctx, filter: WorkflowFilter & Paging): Promise<Page<Workflow>> {
  const { workflows } = ctx.db.tables
  const { search, status, category, tag, is_active, page, size } = filter
  const wanted = and(
    eq(workflows.workspace_id, ctx.principal.workspaceId),
    search === undefined
      ? undefined
      : or(ilike(workflows.name, containing(search)), ilike(workflows.description, containing(search))),
    status === undefined ? undefined : eq(workflows.status, status),
    category === undefined ? undefined : eq(workflows.category, category),
    tag === undefined ? undefined : arrayContains(workflows.tags, [tag]),
    is_active === undefined ? undefined : eq(workflows.is_active, is_active),
  )
  const total = ctx.db.$count(workflows, wanted)
  const rows = await ctx.db
    .select({ row: workflows, total: sql`${total}`.mapWith(Number) })
    .from(workflows)
    .where(wanted)
    .orderBy(desc(workflows.created_at), desc(workflows.id))
    .limit(size)
    .offset((page - 1) * size)
  // Behind the last page no row carries the count.
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toWorkflow(row)),
    count,
    filter,
  )
}
