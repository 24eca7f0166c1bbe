import { and, eq } from 'drizzle-orm'
import { type ApiKey, type ApiKeyPatch, expiryOf, toScopes } from '#core/api-keys/api-key'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { recheckWorkspaces } from '#services/hub/recheck-sockets'
import { findApiKey } from './find-api-key.ts'
import { boundExpiry, demandGrantable } from './grant.ts'
import { withinReach } from './reach.ts'
import { toApiKey } from './to-api-key.ts'

/**
 * Changes what is given. Scopes may be taken away, and added as far as the caller has them.
 *
 * @throws AppError `not_found`, `scope_not_grantable`, `validation_failed`
 */
export async function updateApiKey(ctx: Ctx, id: string, patch: ApiKeyPatch): Promise<ApiKey> {
  const { apiKeys } = ctx.db.tables
  const former = await findApiKey(ctx, id)
  const scopes = patch.scopes === undefined ? former.scopes : toScopes(patch.scopes)
  demandGrantable(ctx.principal, scopes, former.scopes)
  const wanted = expiryOf(patch, ctx.now())
  const expiry = wanted === undefined ? {} : { expires_at: boundExpiry(ctx, wanted) }
  const change = ctx.db
    .update(apiKeys)
    .set({ name: patch.name ?? former.name, ...(patch.scopes && { scopes }), ...expiry })
    .where(and(eq(apiKeys.id, id), withinReach(ctx)))
    .returning()
  const details = { fields: Object.keys(patch), scopes }
  const [row] = await audited(ctx, change, { action: 'api_key.changed', resourceId: id, details })
  if (row === undefined) throw new AppError('not_found')
  recheckWorkspaces(ctx, [row.workspace_id], row.user_id)
  return toApiKey(row)
}
