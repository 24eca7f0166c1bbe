import { and, sql } from 'drizzle-orm'
import { type ForgotPasswordInput, LINK_SENT_IF_KNOWN } from '#core/auth/password'
import { AppError } from '#core/errors'
import type { Message } from '#core/auth/session'
import { say } from '#core/messages'
import type { PublicCtx } from '#services/context'
import { requireMailer } from './require-mailer.ts'
import { sendLink } from './send-link.ts'

/**
 * Mails a link for a new password to whoever has this address here. Everybody is answered after the same one look-up:
 * all that follows for an address that exists comes after the answer.
 *
 * @throws ConfigError where nothing is set up to send mail
 */
export async function forgotPassword(ctx: PublicCtx, input: ForgotPasswordInput): Promise<Message> {
  const mailer = requireMailer(ctx)
  const { users } = ctx.db.tables
  const [user] = await ctx.db
    .select({ id: users.id, email: users.email })
    .from(users)
    .where(and(sql`lower(${users.email}) = ${input.email}`, users.is_active))
  ctx.later(async () => {
    if (user !== undefined) await sendLink(ctx, mailer, user, 'reset_password').catch(ignoreFlood)
  })
  return { message: say(LINK_SENT_IF_KNOWN, ctx.locale) }
}

/** Who has had five links within an hour gets no sixth, and nobody learns of it. */
function ignoreFlood(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'too_many_attempts')) throw error
}
