import { eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'

/** What an approval may call the caller: their e-mail address, which nobody can change to another's, and their id. */
export async function findCallerNames(
  ctx: Ctx,
): Promise<{ readonly email: string; readonly names: readonly string[] }> {
  const { userId } = ctx.principal
  const { users } = ctx.db.tables
  const [user] = await ctx.db.select({ email: users.email }).from(users).where(eq(users.id, userId))
  if (user === undefined) throw new AppError('not_found')
  return { email: user.email, names: [user.email, userId] }
}
