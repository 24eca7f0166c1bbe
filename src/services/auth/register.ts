import { hashPassword } from '#auth/passwords'
import type { RegisterInput } from '#core/auth/register'
import type { User } from '#core/auth/user'
import { AppError } from '#core/errors'
import { createMailer } from '#mail/mailer'
import type { PublicCtx } from '#services/context'
import { createUser } from '#services/users/create-user'
import { sendLink } from './send-link.ts'

/**
 * Makes an account for whoever asks for one, and mails a link to confirm its address where mail can be sent. The very
 * first account may always register, whatever `REGISTRATION` says.
 *
 * @throws AppError `email_taken`, `username_taken`, `busy`; `registration_closed`, `registration_by_invitation`
 */
export async function register(ctx: PublicCtx, { password, ...person }: RegisterInput): Promise<User> {
  const isOpen = ctx.config.REGISTRATION === 'open'
  // Before the password is hashed, which takes long. That only one is the first is for the database to say.
  if (!isOpen && (await hasUsers(ctx))) throw refusal(ctx)
  const password_hash = await hashPassword(password)
  const user = await createUser(ctx, { ...person, password_hash }, isOpen).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'registration_closed' ? refusal(ctx) : error
  })
  const mailer = createMailer(ctx.config, ctx.env)
  if (mailer !== undefined) ctx.later(() => sendLink(ctx, mailer, user, 'verify_email'))
  return user
}

function refusal({ config }: PublicCtx): AppError {
  return new AppError(config.REGISTRATION === 'invite' ? 'registration_by_invitation' : 'registration_closed')
}

async function hasUsers({ db }: PublicCtx): Promise<boolean> {
  const { users } = db.tables
  return (await db.select({ id: users.id }).from(users).limit(1)).length > 0
}
