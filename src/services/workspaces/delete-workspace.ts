import { and, eq, isNull } from 'drizzle-orm'
import { maintenance } from '#actors'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { hasRole } from '#services/members/has-role'
import { cancelOrphans, removeWorkspaces } from './remove-workspaces.ts'

/**
 * Deletes the workspace and what is in it. Executions that are known to run there are cancelled.
 *
 * @throws AppError `personal_workspace`; `not_found` when it is gone; `forbidden` for who is no longer its owner
 */
export async function deleteWorkspace(ctx: Ctx): Promise<void> {
  // What ends a workspace stands in the installation's log, since nobody can read the workspace's own any more.
  const db = ctx.unscopedDb
  const { workspaces } = db.tables
  const { workspaceId, userId } = ctx.principal
  const isThis = eq(workspaces.id, workspaceId)
  const isOwners = hasRole(db, workspaceId, userId, ['owner'])
  const removal = removeWorkspaces(ctx, db, and(isThis, isNull(workspaces.personal_user_id), isOwners))
  const [, running, , , , , gone] = await db.batch([
    removal.lock,
    removal.running,
    removal.visits,
    removal.executions,
    removal.chats,
    removal.objects,
    removal.workspaces,
  ])
  if (gone.length > 0) {
    recheckWorkspaces(ctx, [workspaceId])
    ctx.later(() => maintenance(ctx.env).sweepSoon())
    return cancelOrphans(ctx, running)
  }
  const [left] = await db.select({ personal: workspaces.personal_user_id }).from(workspaces).where(isThis)
  if (left === undefined) throw new AppError('not_found')
  throw new AppError(left.personal === null ? 'forbidden' : 'personal_workspace')
}
