import { and, eq } from 'drizzle-orm'
import type { ApiKey } from '#core/api-keys/api-key'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { withinReach } from './reach.ts'
import { toApiKey } from './to-api-key.ts'

/** @throws AppError `not_found`, also for a key that the caller may not see */
export async function findApiKey(ctx: Ctx, id: string): Promise<ApiKey> {
  const { apiKeys } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), withinReach(ctx)))
  if (row === undefined) throw new AppError('not_found')
  return toApiKey(row)
}
