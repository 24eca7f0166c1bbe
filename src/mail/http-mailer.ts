import { MailError } from './mail-error.ts'
import type { Mailer } from './mailer.ts'

/** Mail APIs answer within a second or two; who asked for the mail has been answered long before. */
const DEADLINE_MS = 10_000

export interface HttpMailerOptions {
  readonly url: string
  readonly token: string | undefined
  readonly from: string
  readonly deadlineMs?: number
}

/** A mailer over an HTTP mail API that takes one JSON object a mail, as Resend and others do. */
export function createHttpMailer({ url, token, from, deadlineMs = DEADLINE_MS }: HttpMailerOptions): Mailer {
  const headers = {
    'Content-Type': 'application/json',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  }
  return {
    async send(mail) {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ from, ...mail }),
        // A redirect would carry the token and the link to whoever it names.
        redirect: 'manual',
        signal: AbortSignal.timeout(deadlineMs),
      }).catch((cause: unknown) => {
        throw new MailError('the mail API cannot be reached', { cause })
      })
      await response.body?.cancel()
      if (!response.ok) throw new MailError(`the mail API answered ${response.status}`)
    },
  }
}
