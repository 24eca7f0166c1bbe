import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { VersionWithDefinition } from '#core/workflow/version'
import type { Ctx } from '#services/context'
import { toVersion } from './to-version.ts'

/** @throws AppError `not_found`, also for a saved draft that nothing has kept yet */
export async function findVersion(ctx: Ctx, workflowId: string, version: number): Promise<VersionWithDefinition> {
  const { workflows, workflowVersions: versions } = ctx.db.tables
  const [found] = await ctx.db
    .select({ row: versions, published: workflows.published_version })
    .from(versions)
    .innerJoin(workflows, eq(workflows.id, versions.workflow_id))
    .where(
      and(
        eq(versions.workflow_id, workflowId),
        eq(versions.workspace_id, ctx.principal.workspaceId),
        eq(versions.version, version),
      ),
    )
  if (found === undefined) throw new AppError('not_found')
  return { ...toVersion(found.row, found.published), definition: found.row.definition }
}
