/** The tests' `MAIL_OUTBOX`, in Node: keeps what is sent, and tells what came to an address. */
interface MailboxRequest {
  readonly method: string
  readonly url: string
  json(): Promise<unknown>
}

/** A POST keeps a mail; `GET /?to=` answers the mails to that address, oldest first. */
export function createMailbox(): (request: MailboxRequest) => Promise<Response> {
  const mails: { readonly to?: unknown }[] = []
  return async (request) => {
    if (request.method === 'POST') {
      mails.push(Object(await request.json()))
      return new Response(null, { status: 204 })
    }
    const to = new URL(request.url).searchParams.get('to')
    return Response.json(mails.filter((mail) => mail.to === to))
  }
}
