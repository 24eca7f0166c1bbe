import { desc, sql } from 'drizzle-orm'
import type { ApiKey, ApiKeyFilter } from '#core/api-keys/api-key'
import { type Page, type Paging, toPage } from '#core/page'
import { demand } from '#services/auth/demand'
import type { Ctx } from '#services/context'
import { ownKeys, withinReach } from './reach.ts'
import { toApiKey } from './to-api-key.ts'

/**
 * The caller's keys in this workspace, or everybody's there, the newest first.
 *
 * @throws AppError `forbidden` and its kind for everybody's, unless the caller administers the workspace
 */
export async function listApiKeys(ctx: Ctx, { all, ...paging }: ApiKeyFilter & Paging): Promise<Page<ApiKey>> {
  if (all) demand(ctx.principal, 'api_keys:manage')
  const { apiKeys } = ctx.db.tables
  const wanted = all ? withinReach(ctx) : ownKeys(ctx)
  const total = ctx.db.$count(apiKeys, wanted)
  const rows = await ctx.db
    .select({ row: apiKeys, total: sql`${total}`.mapWith(Number) })
    .from(apiKeys)
    .where(wanted)
    .orderBy(desc(apiKeys.created_at), desc(apiKeys.id))
    .limit(paging.size)
    .offset((paging.page - 1) * paging.size)
  const count = rows[0]?.total ?? (paging.page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toApiKey(row)),
    count,
    paging,
  )
}
