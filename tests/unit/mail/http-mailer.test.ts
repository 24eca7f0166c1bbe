import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpMailer } from '#mail/http-mailer'
import { MailError } from '#mail/mail-error'
import { createMailer } from '#mail/mailer'

const MAIL = { to: 'ana@example.com', subject: 'Olá', text: 'Um link' }
const FROM = 'SynapScale <no-reply@example.com>'

const servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers.splice(0)) close()
})

/** A mail API on 127.0.0.1 that does what it is told. */
async function serve(answer: (incoming: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/emails`
}

describe('the HTTP mail API', () => {
  test('gets one JSON object a mail, with the token', async () => {
    const came: { headers: IncomingMessage['headers']; body: unknown }[] = []
    const url = await serve((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        came.push({ headers: incoming.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
        response.writeHead(202).end('{"id":"1"}')
      })
    })
    await createHttpMailer({ url, token: 't0ken', from: FROM }).send(MAIL)
    expect(came).toMatchObject([
      { headers: { authorization: 'Bearer t0ken', 'content-type': 'application/json' }, body: { from: FROM, ...MAIL } },
    ])
  })

  test.each([401, 422, 500])('fails with its status %i, and says nothing of the mail', async (status) => {
    const url = await serve((_, response) => void response.writeHead(status).end('ana@example.com is bad'))
    const sent = createHttpMailer({ url, token: undefined, from: FROM }).send(MAIL)
    await expect(sent).rejects.toThrow(new MailError(`the mail API answered ${status}`))
  })

  test('is not followed elsewhere', async () => {
    const asked: (string | undefined)[] = []
    const url = await serve((incoming, response) => {
      asked.push(incoming.url)
      response.writeHead(307, { Location: '/elsewhere' }).end()
    })
    await expect(createHttpMailer({ url, token: 'x', from: FROM }).send(MAIL)).rejects.toBeInstanceOf(MailError)
    expect(asked).toEqual(['/emails'])
  })

  test('is given up when it does not answer, or is not there', async () => {
    const silent = await serve(() => undefined)
    const mailer = createHttpMailer({ url: silent, token: undefined, from: FROM, deadlineMs: 50 })
    await expect(mailer.send(MAIL)).rejects.toBeInstanceOf(MailError)
    const absent = createHttpMailer({ url: 'http://127.0.0.1:1/', token: undefined, from: FROM })
    await expect(absent.send(MAIL)).rejects.toBeInstanceOf(MailError)
  })
})

describe('the mailer', () => {
  const config = { MAIL_FROM: FROM, MAIL_HTTP_URL: undefined, MAIL_HTTP_TOKEN: undefined, MAIL_SMTP_URL: undefined }

  test('is none where nothing is set up', () => {
    expect(createMailer(config, {})).toBeUndefined()
  })

  test('is the outbox of this machine, which may fail', async () => {
    const came: unknown[] = []
    const outbox = (status: number) => ({
      fetch: async (url: RequestInfo | URL, init?: RequestInit) => {
        came.push(await new Request(url, init).json())
        return new Response(null, { status })
      },
    })
    await createMailer(config, { MAIL_OUTBOX: outbox(204) })?.send(MAIL)
    expect(came).toEqual([{ from: FROM, ...MAIL }])
    const failing = createMailer(config, { MAIL_OUTBOX: outbox(500) })?.send(MAIL)
    await expect(failing).rejects.toThrow('the outbox answered 500')
  })

  test('is the mail API once one is set', async () => {
    const asked: unknown[] = []
    const url = await serve((incoming, response) => {
      asked.push(incoming.url)
      response.writeHead(204).end()
    })
    const outbox = { fetch: () => Promise.reject(new Error('not here')) }
    await createMailer({ ...config, MAIL_HTTP_URL: url }, { MAIL_OUTBOX: outbox })?.send(MAIL)
    expect(asked).toEqual(['/emails'])
  })
})
