import { and, eq } from 'drizzle-orm'
import { can } from '#core/permissions'
import type { Ctx } from '#services/context'

/** The keys of the workspace that the caller may see and change: the own ones, and an administrator everybody's. */
export function withinReach(ctx: Ctx) {
  return can(ctx.principal, 'api_keys:manage') ? ofWorkspace(ctx) : ownKeys(ctx)
}

export function ownKeys(ctx: Ctx) {
  return and(ofWorkspace(ctx), eq(ctx.db.tables.apiKeys.user_id, ctx.principal.userId))
}

function ofWorkspace({ db, principal }: Ctx) {
  return eq(db.tables.apiKeys.workspace_id, principal.workspaceId)
}
