import { hashPassword } from '#auth/passwords'
import type { RegisterInput } from '#core/auth/register'
import type { User } from '#core/auth/user'
import { createMailer } from '#mail/mailer'
import type { PublicCtx } from '#services/context'
import { createUser } from '#services/users/create-user'
import { sendLink } from './send-link.ts'

/**
 * Makes an account for whoever asks for one, and mails a link to confirm its address where mail can be sent.
 *
 * @throws AppError `email_taken`, `username_taken`, `busy`
 */
export async function register(ctx: PublicCtx, { password, ...person }: RegisterInput): Promise<User> {
  const user = await createUser(ctx, { ...person, password_hash: await hashPassword(password) })
  const mailer = createMailer(ctx.config, ctx.env)
  if (mailer !== undefined) ctx.later(() => sendLink(ctx, mailer, user, 'verify_email'))
  return user
}
