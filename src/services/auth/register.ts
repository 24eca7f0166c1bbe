import { hashPassword } from '#auth/passwords'
import type { RegisterInput } from '#core/auth/register'
import type { User } from '#core/auth/user'
import { AppError } from '#core/errors'
import { createMailer } from '#mail/mailer'
import type { PublicCtx } from '#services/context'
import { findInvitation } from '#services/invitations/find-invitation'
import { createUser } from '#services/users/create-user'
import { sendLink } from './send-link.ts'

/**
 * Makes an account for whoever asks for one, and mails a link to confirm its address where mail can be sent. The very
 * first account may always register, whatever `REGISTRATION` says. An invitation for the address opens `invite`, but not
 * `closed`; its user joins the workspace at once, and the address counts as confirmed.
 *
 * @throws AppError `email_taken`, `username_taken`, `busy`; `registration_closed`, `registration_by_invitation`;
 *   `invalid_token` for an invitation that is none, or somebody else's
 */
export async function register(ctx: PublicCtx, { password, invitation, ...person }: RegisterInput): Promise<User> {
  const { REGISTRATION } = ctx.config
  const isOpen = REGISTRATION === 'open'
  const needsMore = !isOpen && (REGISTRATION === 'closed' || invitation === undefined)
  // Before the password is hashed, which takes long. That only one is the first is for the database to say.
  if (needsMore && (await hasUsers(ctx))) throw refusal(ctx)
  const { db: unscopedDb, now } = ctx
  const invited =
    invitation === undefined ? undefined : await findInvitation({ unscopedDb, now }, invitation, person.email)
  const password_hash = await hashPassword(password)
  const user = await createUser(ctx, { ...person, password_hash }, isOpen, invited).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'registration_closed' ? refusal(ctx) : error
  })
  const mailer = createMailer(ctx.config, ctx.env)
  if (mailer !== undefined && !user.is_verified) ctx.later(() => sendLink(ctx, mailer, user, 'verify_email'))
  return user
}

function refusal({ config }: PublicCtx): AppError {
  return new AppError(config.REGISTRATION === 'invite' ? 'registration_by_invitation' : 'registration_closed')
}

async function hasUsers({ db }: PublicCtx): Promise<boolean> {
  const { users } = db.tables
  return (await db.select({ id: users.id }).from(users).limit(1)).length > 0
}
