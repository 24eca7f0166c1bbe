/** Sends a mail with what the query says, and tells what came of it. */
import { createSmtpMailer } from '#mail/smtp-mailer'

export default {
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const mailer = createSmtpMailer({
      url: searchParams.get('url') ?? '',
      from: 'SynapScale <no-reply@example.com>',
      phaseDeadlineMs: 1_000,
    })
    const text = 'Olá!\n.\nhttps://example.com/?token=1'
    return mailer.send({ to: 'ana@example.com', subject: 'Nova senha: é', text }).then(
      () => new Response('sent'),
      (error: unknown) => new Response(String(error)),
    )
  },
}
