import { eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workspace, WorkspacePatch } from '#core/workspace/workspace'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findWorkspace } from './find-workspace.ts'
import { toWorkspace } from './to-workspace.ts'

/**
 * Renames the workspace.
 *
 * @throws AppError `not_found` when it was deleted meanwhile
 */
export async function updateWorkspace(ctx: Ctx, { name }: WorkspacePatch): Promise<Workspace> {
  if (name === undefined) return findWorkspace(ctx)
  const { workspaces } = ctx.db.tables
  const { workspaceId, workspaceRole } = ctx.principal
  const change = ctx.db
    .update(workspaces)
    .set({ name, updated_at: new Date(ctx.now()) })
    .where(eq(workspaces.id, workspaceId))
    .returning()
  const fact = { action: 'workspace.changed', resourceId: workspaceId, details: { name } } as const
  const [row] = await audited(ctx, change, fact)
  if (row === undefined) throw new AppError('not_found')
  return toWorkspace(row, workspaceRole)
}
