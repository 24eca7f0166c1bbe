import { and, eq, gt, isNull, lt, or } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { ApiKeyPrincipal } from '#core/principal'
import type { PublicCtx } from '#services/context'

/** `last_used_at` is no finer: a key in constant use writes once in this time. */
const USED_EVERY_MS = 60_000

/**
 * Whom a key stands for, asked of the database at every use, in one query: that is what makes a revocation, a changed
 * role or a member's leaving take effect at once.
 *
 * @param by the hash of a key that was sent, or the id of one that asked for a ticket
 * @throws AppError `invalid_credentials` for a key that does not (or no longer) stand, `not_found` for a workspace that
 *   is not the key's
 */
export async function findKeyHolder(
  ctx: PublicCtx,
  by: { readonly hash: string } | { readonly id: string },
  workspaceId: string | undefined,
): Promise<ApiKeyPrincipal> {
  const { apiKeys, users, workspaceMembers } = ctx.db.tables
  const now = ctx.now()
  const [found] = await ctx.db
    .select({ key: apiKeys, role: users.role, workspaceRole: workspaceMembers.role })
    .from(apiKeys)
    .innerJoin(users, and(eq(users.id, apiKeys.user_id), users.is_active))
    .innerJoin(
      workspaceMembers,
      and(eq(workspaceMembers.workspace_id, apiKeys.workspace_id), eq(workspaceMembers.user_id, apiKeys.user_id)),
    )
    .where(
      and(
        'hash' in by ? eq(apiKeys.key_hash, by.hash) : eq(apiKeys.id, by.id),
        or(isNull(apiKeys.expires_at), gt(apiKeys.expires_at, new Date(now))),
      ),
    )
  if (found === undefined) throw new AppError('invalid_credentials')
  const { key, role, workspaceRole } = found
  if (workspaceId !== undefined && workspaceId.toLowerCase() !== key.workspace_id) throw new AppError('not_found')
  if (now - (key.last_used_at?.getTime() ?? 0) >= USED_EVERY_MS) ctx.later(() => noteUse(ctx, key.id, now))
  return {
    kind: 'api_key',
    userId: key.user_id,
    apiKeyId: key.id,
    scopes: key.scopes,
    role,
    workspaceId: key.workspace_id,
    workspaceRole,
    expiresAt: key.expires_at?.getTime() ?? Infinity,
  }
}

/** Of many requests at once the first one writes. */
async function noteUse({ db }: PublicCtx, id: string, now: number): Promise<void> {
  const { apiKeys } = db.tables
  const isOld = or(isNull(apiKeys.last_used_at), lt(apiKeys.last_used_at, new Date(now - USED_EVERY_MS + 1)))
  await db
    .update(apiKeys)
    .set({ last_used_at: new Date(now) })
    .where(and(eq(apiKeys.id, id), isOld))
}
