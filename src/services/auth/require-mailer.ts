import { ConfigError } from '#config'
import { createMailer, type Mailer } from '#mail/mailer'
import type { PublicCtx } from '#services/context'

/**
 * What sends mail here, for a verb that makes no sense without.
 *
 * @throws ConfigError where nothing is set up to send it
 */
export function requireMailer({ config, env }: Pick<PublicCtx, 'config' | 'env'>): Mailer {
  const mailer = createMailer(config, env)
  if (mailer === undefined) throw new ConfigError(['MAIL_HTTP_URL or MAIL_SMTP_URL: needed to send mail'])
  return mailer
}
