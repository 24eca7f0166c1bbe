import { eq } from 'drizzle-orm'
import { verifyPassword } from '#auth/passwords'
import type { StoredUser } from '#core/auth/user'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { guardPassword } from './guard-password.ts'

/**
 * The caller's stored account, once the password has shown that it is the person and not only the token.
 *
 * @throws AppError `wrong_password`, `busy`, `too_many_attempts`
 */
export async function confirmPassword(
  ctx: Ctx,
  password: string,
): Promise<StoredUser & { readonly password_hash: string }> {
  const { users } = ctx.db.tables
  const [stored] = await ctx.db.select().from(users).where(eq(users.id, ctx.principal.userId))
  // The account was deleted after the token had been checked.
  if (stored === undefined) throw new AppError('invalid_credentials')
  const check = async () => ((await verifyPassword(password, stored.password_hash)) ? stored : undefined)
  return guardPassword(ctx, stored.email.toLowerCase(), check, 'wrong_password')
}
