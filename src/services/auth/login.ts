import { and, eq, sql } from 'drizzle-orm'
import { hashPassword, needsRehash, verifyPassword } from '#auth/passwords'
import type { LoginAnswer, LoginInput } from '#core/auth/login'
import { toUser } from '#core/auth/user'
import { AppError } from '#core/errors'
import type { PublicCtx } from '#services/context'
import { guardPassword } from './guard-password.ts'
import { openSession } from './open-session.ts'

/**
 * Opens a session for whoever knows the password. Unknown addresses, wrong passwords and closed accounts take the same
 * work and get the same answer.
 *
 * @throws AppError `invalid_credentials`, `busy`, `too_many_attempts`
 */
export async function login(ctx: PublicCtx, input: LoginInput): Promise<LoginAnswer> {
  const stored = await guardPassword(ctx, input.email, () => findByPassword(ctx, input), 'invalid_credentials')
  const password_hash = needsRehash(stored.password_hash)
    ? await rehash(ctx, stored, input.password)
    : stored.password_hash
  const tokens = await openSession(ctx, { id: stored.id, password_hash })
  return { ...tokens, user: toUser(stored) }
}

async function findByPassword(ctx: PublicCtx, { email, password }: LoginInput) {
  const { users } = ctx.db.tables
  const [stored] = await ctx.db
    .select()
    .from(users)
    .where(sql`lower(${users.email}) = ${email}`)
  const isRight = await verifyPassword(password, stored?.password_hash)
  return isRight && stored?.is_active === true ? stored : undefined
}

/** Only now is the password known, so only now can its hash follow the parameters. The hash that holds from now on. */
async function rehash(
  ctx: PublicCtx,
  stored: { readonly id: string; readonly password_hash: string },
  password: string,
): Promise<string> {
  const { users } = ctx.db.tables
  const password_hash = await hashPassword(password)
  // Not over a password that was changed meanwhile.
  const isUnchanged = and(eq(users.id, stored.id), eq(users.password_hash, stored.password_hash))
  const done = await ctx.db.update(users).set({ password_hash }).where(isUnchanged).returning({ id: users.id })
  if (done.length > 0) return password_hash
  // Two logins at once: the other one's hash is as good, if the password is right for it too.
  const [now] = await ctx.db.select({ hash: users.password_hash }).from(users).where(eq(users.id, stored.id))
  if (now === undefined || !(await verifyPassword(password, now.hash))) throw new AppError('invalid_credentials')
  return now.hash
}
