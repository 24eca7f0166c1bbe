import { and, eq, lt, sql } from 'drizzle-orm'
import { createApiKey as createKey } from '#auth/api-key'
import { API_KEYS_MAX, type ApiKeyInput, expiryOf, type NewApiKey, toScopes } from '#core/api-keys/api-key'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { boundExpiry, demandGrantable } from './grant.ts'
import { ownKeys } from './reach.ts'
import { toApiKey } from './to-api-key.ts'

/**
 * Makes a key that acts for the caller in this workspace. The answer is the only one that ever has the key itself; a
 * repeat with the same `Idempotency-Key` answers without it.
 *
 * @throws AppError `scope_not_grantable`, `validation_failed`, `too_many_api_keys`
 */
export async function createApiKey(ctx: Ctx, input: ApiKeyInput, idempotency?: Idempotency): Promise<NewApiKey> {
  const scopes = toScopes(input.scopes)
  demandGrantable(ctx.principal, scopes, [])
  const expiresAt = boundExpiry(ctx, expiryOf(input, ctx.now()) ?? null)
  const id = await claimId(ctx, idempotency)
  const { apiKeys } = ctx.db.tables
  const { key, prefix, hash } = createKey()
  // In the order of the table's columns. Two that come at once may go one beyond the limit, which hurts nobody.
  const values = sql.join(
    [
      sql`${id}::uuid`,
      sql`${ctx.principal.workspaceId}::uuid`,
      sql`${ctx.principal.userId}::uuid`,
      sql`${input.name}::text`,
      sql`${prefix}::text`,
      sql`${hash}::text`,
      sql`${sql.param(scopes, apiKeys.scopes)}::text[]`,
      sql`${new Date(ctx.now())}::timestamptz`,
      sql`${expiresAt}::timestamptz`,
      sql`null::timestamptz`,
    ],
    sql`, `,
  )
  const creation = ctx.db
    .insert(apiKeys)
    .select(sql`select ${values} where ${lt(ctx.db.$count(apiKeys, ownKeys(ctx)), API_KEYS_MAX)}`)
    .onConflictDoNothing()
    .returning()
  const details = { name: input.name, prefix, scopes, expires_at: expiresAt?.toISOString() ?? null }
  const [made] = await audited(ctx, creation, { action: 'api_key.created', resourceId: id, details })
  if (made !== undefined) return { ...toApiKey(made), key }
  const [known] = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), ownKeys(ctx)))
  if (known === undefined) throw new AppError('too_many_api_keys', { params: { limit: API_KEYS_MAX } })
  return toApiKey(known)
}
