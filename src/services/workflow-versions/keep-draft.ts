import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '#db/connect'
import type { Ctx } from '#services/context'

/** Who keeps it, and where: a person, or an execution on behalf of one. */
export interface KeepCtx {
  readonly db: Db
  readonly principal: { readonly workspaceId: string; readonly userId: string | null }
}

/** The statement that writes the draft down as an immutable version, unless it is there already. */
export function keepDraft(ctx: KeepCtx, workflowId: string) {
  const { workflows, workflowVersions } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  return ctx.db
    .insert(workflowVersions)
    .select((query) =>
      query
        .select({
          workflow_id: workflows.id,
          version: workflows.version,
          workspace_id: workflows.workspace_id,
          definition: workflows.definition,
          created_by: sql`${userId}::uuid`.as('created_by'),
          created_at: sql`now()`.as('created_at'),
          published_at: sql`null::timestamptz`.as('published_at'),
          published_by: sql`null::uuid`.as('published_by'),
          notes: sql`null::text`.as('notes'),
        })
        .from(workflows)
        .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, workspaceId))),
    )
    .onConflictDoNothing()
}

/** Holds the workflow against other changes until the batch that begins with this is done. */
export function lockWorkflow(ctx: Ctx, workflowId: string) {
  const { workflows } = ctx.db.tables
  return ctx.db
    .select({ id: workflows.id })
    .from(workflows)
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, ctx.principal.workspaceId)))
    .for('update')
}
