import { and, arrayContains, desc, eq, ilike, or, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Workflow, WorkflowFilter } from '#core/workflow/workflow'
import { containing } from '#db/containing'
import { prepareOnce, type Writing } from '#db/prepared'
import type { Ctx } from '#services/context'
import { toWorkflow } from './to-workflow.ts'

/** The workspace's workflows, newest first: rows and count in one statement. */
export async function listWorkflows(ctx: Ctx, filter: WorkflowFilter & Paging): Promise<Page<Workflow>> {
  const { workflows } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const { search, status, category, tag, is_active, page, size } = filter
  const wanted = and(
    eq(workflows.workspace_id, workspaceId),
    search === undefined
      ? undefined
      : or(ilike(workflows.name, containing(search)), ilike(workflows.description, containing(search))),
    status === undefined ? undefined : eq(workflows.status, status),
    category === undefined ? undefined : eq(workflows.category, category),
    tag === undefined ? undefined : arrayContains(workflows.tags, [tag]),
    is_active === undefined ? undefined : eq(workflows.is_active, is_active),
  )
  const range = { size, offset: (page - 1) * size }
  const isFiltered = [search, status, category, tag, is_active].some((value) => value !== undefined)
  const rows = isFiltered ? await listing(ctx.db, wanted, range) : await listAll(ctx.db, '', { workspaceId, ...range })
  // Behind the last page no row carries the count.
  const count = rows[0]?.total ?? (page === 1 ? 0 : await ctx.db.$count(workflows, wanted))
  return toPage(
    rows.map(({ row }) => toWorkflow(row)),
    count,
    filter,
  )
}

type Bound = number | Placeholder

function listing(db: Writing, wanted: SQL | undefined, { size, offset }: { size: Bound; offset: Bound }) {
  const { workflows } = db.tables
  return db
    .select({ row: workflows, total: sql`${db.$count(workflows, wanted)}`.mapWith(Number) })
    .from(workflows)
    .where(wanted)
    .orderBy(desc(workflows.created_at), desc(workflows.id))
    .limit(size)
    .offset(offset)
}

const listAll = prepareOnce((db) => {
  const isOwn = eq(db.tables.workflows.workspace_id, sql.placeholder('workspaceId'))
  return listing(db, isOwn, { size: sql.placeholder('size'), offset: sql.placeholder('offset') })
})
