/** The SMTP mailer inside a real workerd, against a scripted server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeCertificate, startSmtpServer, type Script, type SmtpServer } from './smtp-server.ts'

const directory = mkdtempSync(join(tmpdir(), 'synapscale-smtp-'))
const good = makeCertificate(directory, 'good')
const stranger = makeCertificate(directory, 'stranger')

let miniflare: Miniflare
let worker: URL
const servers: SmtpServer[] = []

async function start(...args: Parameters<typeof startSmtpServer>): Promise<SmtpServer> {
  const server = await startSmtpServer(...args)
  servers.push(server)
  return server
}

async function send(url: string): Promise<string> {
  return (await fetch(`${worker.href}?${new URLSearchParams({ url }).toString()}`)).text()
}

function smtp(server: SmtpServer, { scheme = 'smtp', host = 'localhost' } = {}): string {
  return `${scheme}://user:pa%20ss@${host}:${server.port}`
}

/** Libraries name Node's modules without their prefix. */
const nodePrefix: Plugin = {
  name: 'node-prefix',
  setup(bundle) {
    const filter = new RegExp(`^(${builtinModules.join('|')})$`)
    bundle.onResolve({ filter }, ({ path }) => ({ path: `node:${path}`, external: true }))
  },
}

beforeAll(async () => {
  // miniflare reads it when it is loaded.
  vi.stubEnv('NODE_EXTRA_CA_CERTS', good.file)
  const { Miniflare: Class, convertV4MiniflareOptions } = await import('miniflare')
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'smtp-worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker'],
    external: ['node:*', 'cloudflare:*'],
    plugins: [nodePrefix],
  })
  miniflare = new Class(
    convertV4MiniflareOptions({
      modules: true,
      script: outputFiles.map(({ text }) => text).join(''),
      compatibilityDate: '2026-11-01',
      compatibilityFlags: ['nodejs_compat'],
    }),
  )
  worker = await miniflare.ready
}, 60_000)

afterEach(() => {
  for (const server of servers.splice(0)) server.stop()
})
afterAll(async () => {
  await miniflare.dispose()
  rmSync(directory, { recursive: true, force: true })
})

const LOGIN = `AUTH PLAIN ${Buffer.from('\0user\0pa ss').toString('base64')}`

test.each([
  ['smtp', false],
  ['smtps', true],
])('%s:// sends a mail through TLS', async (scheme, implicitTls) => {
  const server = await start(good, { implicitTls })
  expect(await send(smtp(server, { scheme }))).toBe('sent')
  const texts = server.lines.map(({ text }) => text)
  expect(texts).toEqual(
    expect.arrayContaining([LOGIN, 'MAIL FROM:<no-reply@example.com>', 'RCPT TO:<ana@example.com>']),
  )
  expect(texts).toEqual(expect.arrayContaining(['Subject: =?UTF-8?Q?Nova_senha=3A_=C3=A9?=', '..']))
  const plain = server.lines.filter((line) => !line.tls).map(({ text }) => text.slice(0, 8))
  expect(plain).toEqual(implicitTls ? [] : ['EHLO [12', 'STARTTLS'])
})

describe('the password does not leave', () => {
  test('without TLS, though the server does not offer it or refuses it', async () => {
    const scripts: Script[] = [{ EHLO: '250 AUTH PLAIN', STAR: '502 unknown' }, { STAR: '454 not now' }]
    for (const script of scripts) {
      const server = await start(good, { script })
      expect(await send(smtp(server))).toMatch(/^MailError: the SMTP server did not take the mail \(ETLS/)
      expect(server.lines.map(({ text }) => text)).not.toContain(LOGIN)
    }
  })

  test('for a server whose certificate nobody trusts, or that is another host’s', async () => {
    for (const implicitTls of [false, true]) {
      const scheme = implicitTls ? 'smtps' : 'smtp'
      const impostor = await start(stranger, { implicitTls })
      expect(await send(smtp(impostor, { scheme }))).toMatch(/^MailError/)
      const other = await start(good, { implicitTls })
      expect(await send(smtp(other, { scheme, host: '127.0.0.1' }))).toMatch(/^MailError/)
      for (const { lines } of [impostor, other]) expect(lines.map(({ text }) => text)).not.toContain(LOGIN)
    }
  })
})

test.each([
  ['refuses the password', { AUTH: '535 no' }, 'EAUTH AUTH PLAIN 535'],
  ['refuses the recipient', { RCPT: '550 <ana@example.com> unknown' }, 'EENVELOPE RCPT TO 550'],
  ['hangs up', { MAIL: null }, 'ECONNECTION'],
  ['hangs up at once', { EHLO: null }, 'ECONNECTION'],
  ['says nothing', { HELLO: null }, 'ETIMEDOUT'],
])('a server that %s is a failure, and the worker goes on', async (_, script, reason) => {
  const server = await start(good, { script })
  const failure = await send(smtp(server))
  expect(failure).toContain(`MailError: the SMTP server did not take the mail (${reason}`)
  expect(failure).not.toContain('ana@example.com')
  expect(await send(smtp(await start(good)))).toBe('sent')
})

test('no server is a failure', async () => {
  expect(await send('smtp://user:x@127.0.0.1:1')).toMatch(/^MailError/)
})
