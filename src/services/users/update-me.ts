import { eq } from 'drizzle-orm'
import type { UpdateMeInput } from '#core/auth/update-me'
import { toUser, type User } from '#core/auth/user'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { getMe } from './get-me.ts'
import { refuseTaken } from './refuse-taken.ts'

/**
 * Changes what users may change of themselves.
 *
 * @throws AppError `username_taken`
 */
export async function updateMe(ctx: Ctx, input: UpdateMeInput): Promise<User> {
  const changes = Object.values(input).filter((value) => value !== undefined)
  if (changes.length === 0) return getMe(ctx)
  const { users } = ctx.db.tables
  const [stored] = await ctx.db
    .update(users)
    .set({ ...input, updated_at: new Date(ctx.now()) })
    .where(eq(users.id, ctx.principal.userId))
    .returning()
    .catch(refuseTaken)
  if (stored === undefined) throw new AppError('invalid_credentials')
  return toUser(stored)
}
