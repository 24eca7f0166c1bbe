/** The one port through which mail leaves: an HTTP mail API or SMTP when one is set, else the outbox of this machine. */
import type { Config } from '#config'
import { createHttpMailer } from './http-mailer.ts'
import { createOutboxMailer } from './outbox-mailer.ts'
import { createSmtpMailer } from './smtp-mailer.ts'

interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
}

export interface Mailer {
  /** @throws MailError when nobody took the mail */
  send(mail: Mail): Promise<void>
}

export type MailConfig = Pick<Config, 'MAIL_FROM' | 'MAIL_HTTP_URL' | 'MAIL_HTTP_TOKEN' | 'MAIL_SMTP_URL'>

/** A binding of one machine that wrangler.toml does not have. */
export interface MailBindings {
  readonly MAIL_OUTBOX?: Pick<Fetcher, 'fetch'>
}

/** What sends mail here, or undefined where nothing is set up to: at the edge without any `MAIL_*`. */
export function createMailer(config: MailConfig, { MAIL_OUTBOX }: MailBindings): Mailer | undefined {
  const { MAIL_FROM: from, MAIL_HTTP_URL: url, MAIL_HTTP_TOKEN: token, MAIL_SMTP_URL: smtpUrl } = config
  if (url !== undefined) return createHttpMailer({ url, token, from })
  if (smtpUrl !== undefined) return createSmtpMailer({ url: smtpUrl, from })
  return MAIL_OUTBOX === undefined ? undefined : createOutboxMailer(MAIL_OUTBOX, from)
}
