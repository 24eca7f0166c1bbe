import { and, eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workflow } from '#core/workflow/workflow'
import { auditLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { toWorkflow } from '#services/workflows/to-workflow'
import { keepDraft, lockWorkflow } from './keep-draft.ts'

/**
 * Makes a version the draft again, under a new number. The draft that it replaces is kept as a version first, and what
 * is published stays published.
 *
 * @throws AppError `not_found`
 */
export async function restoreVersion(ctx: Ctx, workflowId: string, version: number): Promise<Workflow> {
  const { workflows, workflowVersions: versions } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const restored = ctx.db
    .select({ definition: versions.definition })
    .from(versions)
    .where(
      and(eq(versions.workflow_id, workflowId), eq(versions.workspace_id, workspaceId), eq(versions.version, version)),
    )
  const change = ctx.db
    .update(workflows)
    .set({
      definition: sql`(${restored})`,
      version: sql`${workflows.version} + 1`,
      updated_at: new Date(ctx.now()),
    })
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, workspaceId), sql`exists (${restored})`))
    .returning()
  const fact = { action: 'workflow.restored', resourceId: workflowId, details: { version } } as const
  // Locked first: nothing that somebody saves at this moment is lost.
  const [, , [row]] = await ctx.db.batch([
    lockWorkflow(ctx, workflowId),
    keepDraft(ctx, workflowId),
    change,
    auditLine(ctx, ctx.db, fact, sql`(${restored}) as restored`),
  ])
  if (row === undefined) throw new AppError('not_found')
  return toWorkflow(row)
}
