import { and, eq, inArray } from 'drizzle-orm'
import { referencesOf, toWorkflowFile } from '#core/workflow-file/write-file'
import { writeYaml } from '#core/workflow-file/yaml'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'
import { findWorkflow } from '#services/workflows/find-workflow'

export type ExportFormat = 'json' | 'yaml'

/**
 * The draft as a file for git: see `toWorkflowFile`.
 *
 * @throws AppError `not_found`
 */
export async function exportWorkflow(
  ctx: Ctx,
  id: string,
  format: ExportFormat,
): Promise<{ readonly filename: string; readonly text: string }> {
  const workflow = await findWorkflow(ctx, id)
  const slugs = await slugsOf(ctx, referencesOf(workflow.definition, catalog))
  const file = toWorkflowFile(workflow, catalog, (reference) => slugs.get(reference))
  const text = format === 'json' ? `${JSON.stringify(file, null, 2)}\n` : writeYaml(file)
  return { filename: `${workflow.slug}.${format}`, text }
}

/** Slugs by id, of this workspace's workflows alone. */
async function slugsOf(ctx: Ctx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const { workflows } = ctx.db.tables
  const rows = await ctx.db
    .select({ id: workflows.id, slug: workflows.slug })
    .from(workflows)
    .where(and(eq(workflows.workspace_id, ctx.principal.workspaceId), inArray(workflows.id, [...ids])))
  return new Map(rows.map(({ id, slug }) => [id, slug]))
}
