import { eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workspace, WorkspacePatch } from '#core/workspace/workspace'
import { audited } from '#services/audit/audit'
import { demand } from '#services/auth/demand'
import type { Ctx } from '#services/context'
import { findWorkspace } from './find-workspace.ts'
import { toWorkspace } from './to-workspace.ts'

/**
 * Renames the workspace, or changes how long it keeps things. To shorten that is to delete: who may not delete the
 * workspace may not do it either.
 *
 * @throws AppError `forbidden`; `not_found` when it was deleted meanwhile
 */
export async function updateWorkspace(ctx: Ctx, { name, retention }: WorkspacePatch): Promise<Workspace> {
  if (retention !== undefined) demand(ctx.principal, 'workspace:delete')
  if (name === undefined && retention === undefined) return findWorkspace(ctx)
  const { workspaces } = ctx.db.tables
  const { workspaceId, workspaceRole } = ctx.principal
  const kept = retention && { ...retention }
  const change = ctx.db
    .update(workspaces)
    .set({
      ...(name !== undefined && { name }),
      // Of two who change different parts at once neither undoes the other's.
      ...(kept && {
        retention: sql`(coalesce(${workspaces.retention}, '{}')::jsonb || ${JSON.stringify(kept)}::jsonb)::json`,
      }),
      updated_at: new Date(ctx.now()),
    })
    .where(eq(workspaces.id, workspaceId))
    .returning()
  const details = { ...(name !== undefined && { name }), ...(kept && { retention: { ...kept } }) }
  const [row] = await audited(ctx, change, { action: 'workspace.changed', resourceId: workspaceId, details })
  if (row === undefined) throw new AppError('not_found')
  return toWorkspace(row, workspaceRole)
}
