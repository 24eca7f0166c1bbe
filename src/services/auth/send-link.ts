import type { AccountPurpose } from '#auth/one-time-token'
import { writeLinkMail } from '#core/auth/mails'
import type { Mailer } from '#mail/mailer'
import type { PublicCtx } from '#services/context'
import { issueToken } from './issue-token.ts'

/**
 * Mails a fresh link to a user.
 *
 * @throws AppError `too_many_attempts`; MailError
 */
export async function sendLink(
  ctx: PublicCtx,
  mailer: Mailer,
  user: { readonly id: string; readonly email: string },
  purpose: AccountPurpose,
): Promise<void> {
  const token = await issueToken(ctx, user, purpose)
  await mailer.send({ to: user.email, ...writeLinkMail(purpose, token, ctx.config.PUBLIC_URL, ctx.locale) })
}
