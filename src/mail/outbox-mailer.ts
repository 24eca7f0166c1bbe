import { MailError } from './mail-error.ts'
import type { MailBindings, Mailer } from './mailer.ts'

/** A mailer that hands each mail to this machine's outbox: `local/mail-outbox.ts` behind a service binding. */
export function createOutboxMailer(outbox: NonNullable<MailBindings['MAIL_OUTBOX']>, from: string): Mailer {
  return {
    async send(mail) {
      const response = await outbox.fetch('http://outbox/', { method: 'POST', body: JSON.stringify({ from, ...mail }) })
      await response.body?.cancel()
      if (!response.ok) throw new MailError(`the outbox answered ${response.status}`)
    },
  }
}
