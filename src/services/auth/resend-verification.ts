import type { Message } from '#core/auth/session'
import { ALREADY_VERIFIED, VERIFICATION_SENT } from '#core/auth/verify-email'
import { writeLinkMail } from '#core/auth/mails'
import { say } from '#core/messages'
import type { Ctx } from '#services/context'
import { getMe } from '#services/users/get-me'
import { issueToken } from './issue-token.ts'
import { requireMailer } from './require-mailer.ts'

/**
 * Mails the caller a fresh link to confirm the address.
 *
 * @throws AppError `too_many_attempts` after five within an hour; ConfigError where nothing is set up to send mail
 */
export async function resendVerification(ctx: Ctx): Promise<Message> {
  const mailer = requireMailer(ctx)
  const user = await getMe(ctx)
  if (user.is_verified) return { message: say(ALREADY_VERIFIED, ctx.locale) }
  const token = await issueToken(ctx, user, 'verify_email')
  const mail = writeLinkMail('verify_email', token, ctx.config.PUBLIC_URL, ctx.locale)
  ctx.later(() => mailer.send({ to: user.email, ...mail }))
  return { message: say(VERIFICATION_SENT, ctx.locale) }
}
