import { eq } from 'drizzle-orm'
import { toUser, type User } from '#core/auth/user'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'

/** The caller. */
export async function getMe(ctx: Ctx): Promise<User> {
  const { users } = ctx.db.tables
  const [stored] = await ctx.db.select().from(users).where(eq(users.id, ctx.principal.userId))
  // The account was deleted after the token had been checked.
  if (stored === undefined) throw new AppError('invalid_credentials')
  return toUser(stored)
}
