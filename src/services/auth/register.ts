import { hashPassword } from '#auth/passwords'
import type { RegisterInput } from '#core/auth/register'
import type { User } from '#core/auth/user'
import type { PublicCtx } from '#services/context'
import { createUser } from '#services/users/create-user'

/**
 * Makes an account for whoever asks for one.
 *
 * @throws AppError `email_taken`, `username_taken`, `busy`
 */
export async function register(ctx: PublicCtx, { password, ...person }: RegisterInput): Promise<User> {
  return createUser(ctx, { ...person, password_hash: await hashPassword(password) })
}
