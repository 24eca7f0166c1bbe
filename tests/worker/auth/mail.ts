/** What the worker has mailed. */
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { z } from 'zod'
import type { MailBindings } from '#mail/mailer'

const Mail = z.object({ from: z.string(), to: z.string(), subject: z.string(), text: z.string() })
type Mail = z.infer<typeof Mail>
const bindings: Env & MailBindings = env

export async function mailsTo(email: string): Promise<Mail[]> {
  const response = await bindings.MAIL_OUTBOX?.fetch(`http://outbox/?to=${encodeURIComponent(email)}`)
  return z.array(Mail).parse(await response?.json())
}

/** The links to this path that were mailed to an address, oldest first, once there are that many. */
export async function linksTo(email: string, path: string, count = 1): Promise<string[]> {
  return vi.waitFor(async () => {
    const links = (await mailsTo(email)).flatMap(({ text }) => /https?:\/\/\S+/.exec(text)?.[0] ?? [])
    const found = links.filter((link) => new URL(link).pathname === path)
    if (found.length < count) throw new Error(`${found.length} mails to ${path}, not ${count}`)
    return found
  }, 10_000)
}

/** The token of the latest such link. */
export async function tokenTo(email: string, path: string, count = 1): Promise<string> {
  const link = (await linksTo(email, path, count)).at(-1)
  return new URLSearchParams(new URL(link ?? '').hash.slice(1)).get('token') ?? ''
}
