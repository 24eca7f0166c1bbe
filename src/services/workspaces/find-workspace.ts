import { eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workspace } from '#core/workspace/workspace'
import type { Ctx } from '#services/context'
import { toWorkspace } from './to-workspace.ts'

/**
 * The workspace that the request is about.
 *
 * @throws AppError `not_found` when it was deleted meanwhile
 */
export async function findWorkspace(ctx: Ctx): Promise<Workspace> {
  const { workspaces } = ctx.db.tables
  const [row] = await ctx.db.select().from(workspaces).where(eq(workspaces.id, ctx.principal.workspaceId))
  if (row === undefined) throw new AppError('not_found')
  return toWorkspace(row, ctx.principal.workspaceRole)
}
