import { and, desc, eq, getTableColumns, isNotNull, isNull, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { type Page, type Paging, toPage } from '#core/page'
import type { Version, VersionFilter } from '#core/workflow/version'
import type { Ctx } from '#services/context'
import { toVersion } from './to-version.ts'

/**
 * The versions that were kept, newest first, without their definitions: all of them, those that were ever published,
 * or those that never were.
 *
 * @throws AppError `not_found`
 */
export async function listVersions(
  ctx: Ctx,
  workflowId: string,
  filter: VersionFilter & Paging,
): Promise<Page<Version>> {
  const { workflows, workflowVersions: versions } = ctx.db.tables
  const { published, page, size } = filter
  const wanted = and(
    eq(versions.workflow_id, workflowId),
    eq(versions.workspace_id, ctx.principal.workspaceId),
    published === undefined ? undefined : published ? isNotNull(versions.published_at) : isNull(versions.published_at),
  )
  const { definition: _, workspace_id: __, ...columns } = getTableColumns(versions)
  // From the workflow, so that one without versions is told from one that is not there.
  const [workflow] = await ctx.db
    .select({ published: workflows.published_version, total: sql`${ctx.db.$count(versions, wanted)}`.mapWith(Number) })
    .from(workflows)
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, ctx.principal.workspaceId)))
  if (workflow === undefined) throw new AppError('not_found')
  const rows = await ctx.db
    .select(columns)
    .from(versions)
    .where(wanted)
    .orderBy(desc(versions.version))
    .limit(size)
    .offset((page - 1) * size)
  return toPage(
    rows.map((row) => toVersion(row, workflow.published)),
    workflow.total,
    filter,
  )
}
