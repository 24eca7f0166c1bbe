/** Mail on a machine that has nobody to send it through: each one is a file, and a line where the server prints. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from './start-error.ts'

const Mail = z.object({ from: z.string(), to: z.string(), subject: z.string(), text: z.string() })
type Mail = z.infer<typeof Mail>

/** What miniflare calls for each request to the binding. */
export type MailOutbox = (request: { json(): Promise<unknown> }) => Promise<Response>

/** One line of a header or of the terminal, whatever its characters. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}

function toFile({ from, to, subject, text }: Mail, at: Date): string {
  const headers = { From: from, To: to, Subject: subject, Date: at.toUTCString() }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${oneLine(value)}`)
  return [...lines, 'Content-Type: text/plain; charset=utf-8', '', text, ''].join('\n')
}

function toLine({ to, subject, text }: Mail): string {
  const link = /https?:\/\/\S+/.exec(text)?.[0]
  return oneLine(`mail to ${to}: ${subject}${link === undefined ? '' : ` ${link}`}`)
}

/**
 * The service behind the binding `MAIL_OUTBOX`.
 *
 * @param directory made when the first mail comes; mails carry links that open accounts, so they are the owner's alone
 * @param log prints one line
 */
export function createMailOutbox(directory: string, log: (line: string) => void): MailOutbox {
  return async (request) => {
    try {
      const mail = Mail.parse(await request.json())
      const at = new Date()
      const name = `${at.toISOString().replaceAll(':', '-')}-${randomBytes(3).toString('hex')}.eml`
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileSync(join(directory, name), toFile(mail, at), { mode: 0o600, flag: 'wx' })
      log(toLine(mail))
      return new Response(null, { status: 204 })
    } catch (error) {
      log(`a mail could not be kept in ${directory}: ${messageOf(error)}`)
      return new Response(null, { status: 500 })
    }
  }
}
