import net from 'node:net'
import tls from 'node:tls'
import { createTransport } from 'nodemailer'
import { MailError } from './mail-error.ts'
import type { Mailer } from './mailer.ts'

/** Of each phase: connecting, the greeting, silence in between. */
const PHASE_DEADLINE_MS = 10_000

export interface SmtpMailerOptions {
  /** `smtps://user:password@host:465`, or `smtp://user:password@host:587`, which insists on STARTTLS. */
  readonly url: string
  readonly from: string
  readonly phaseDeadlineMs?: number
}

type SocketCallback = (error: Error | null, socket?: { connection: net.Socket; secured?: boolean }) => void

/**
 * A mailer over SMTP, one connection a mail. Neither the password nor a mail ever goes over a line without TLS, and the
 * server's certificate must be good for its name.
 */
export function createSmtpMailer({ url, from, phaseDeadlineMs = PHASE_DEADLINE_MS }: SmtpMailerOptions): Mailer {
  const { protocol, hostname: host, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const endpoint = { host, port: Number(port) || (secure ? 465 : 587) }
  const transport = createTransport({
    ...endpoint,
    secure,
    requireTLS: !secure,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: phaseDeadlineMs,
    greetingTimeout: phaseDeadlineMs,
    socketTimeout: phaseDeadlineMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_: unknown, callback: SocketCallback) => openSocket(endpoint, secure, phaseDeadlineMs, callback),
  })
  return {
    async send(mail) {
      await transport.sendMail({ from, ...mail }).catch((cause: unknown) => {
        // The server's words may quote the recipient: the code and the command say enough.
        throw new MailError(`the SMTP server did not take the mail (${describe(cause)})`)
      })
    },
  }
}

/** nodemailer would resolve the name itself, over HTTPS at a resolver of its choice: the platform knows names better. */
function openSocket(
  endpoint: { readonly host: string; readonly port: number },
  secure: boolean,
  deadlineMs: number,
  callback: SocketCallback,
): void {
  const connection = secure ? tls.connect({ ...endpoint, servername: endpoint.host }) : net.connect(endpoint)
  const timer = setTimeout(() => connection.destroy(new Error('the connection takes too long')), deadlineMs)
  const done = (error: Error | null): void => {
    clearTimeout(timer)
    connection.off('error', done)
    if (error === null) callback(null, { connection, secured: secure })
    else callback(error)
  }
  connection.once('error', done)
  connection.once(secure ? 'secureConnect' : 'connect', () => done(null))
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const fields: unknown[] = ['code', 'command', 'responseCode'].map((name): unknown => Reflect.get(error, name))
  return fields.filter((field) => typeof field === 'string' || typeof field === 'number').join(' ') || error.name
}
