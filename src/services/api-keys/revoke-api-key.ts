import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { withinReach } from './reach.ts'

/**
 * Ends a key at once; nothing of it stays but the audit log's lines.
 *
 * @throws AppError `not_found`, also for a key that the caller may not see
 */
export async function revokeApiKey(ctx: Ctx, id: string): Promise<void> {
  const { apiKeys } = ctx.db.tables
  const deletion = ctx.db
    .delete(apiKeys)
    .where(and(eq(apiKeys.id, id), withinReach(ctx)))
    .returning({ id: apiKeys.id, userId: apiKeys.user_id })
  const [revoked] = await audited(ctx, deletion, { action: 'api_key.revoked', resourceId: id })
  if (revoked === undefined) throw new AppError('not_found')
  recheckWorkspaces(ctx, [ctx.principal.workspaceId], revoked.userId)
}
