// Plain Node around a real workerd: what is under test is the network that the bindings stand for, and it cannot be
// had inside the test runtime. No internet: the "public" network is asked for internal addresses only.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { internalKind, NEVER_PUBLIC_CIDRS } from '#outbound/addresses'
import { build } from 'esbuild'
import ipaddr from 'ipaddr.js'
import { Miniflare, convertV4MiniflareOptions } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

const target = createServer((request, response) => {
  if (request.url === '/to-loopback') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  else if (request.url === '/to-self') response.writeHead(302, { location: '/final' }).end()
  else if (request.url === '/silent') response.write('half')
  else if (request.url === '/gzip')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(5000)))
  else if (request.url === '/cut') response.write('half', () => response.socket?.resetAndDestroy())
  else if (request.url === '/reset') response.socket?.resetAndDestroy()
  else response.end(`reached ${request.headers['user-agent'] ?? ''}`)
})

// Without it a network binding has no TLS at all.
const tlsOptions = { trustBrowserCas: true }

let miniflare: Miniflare
let worker: URL
let port: number

interface Ask {
  readonly url: string
  readonly way?: 'gate' | 'swapped' | 'OUTBOUND_PUBLIC' | 'OUTBOUND_INTERNAL'
  readonly allow?: string
  readonly max?: string
  readonly timeout?: string
}

async function ask(query: Ask): Promise<unknown> {
  const response = await fetch(`${worker.href}?${new URLSearchParams({ ...query }).toString()}`)
  return response.json()
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'gate-worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker'],
    external: ['node:*', 'cloudflare:*'],
  })
  return outputFiles.map((file) => file.text).join('')
}

beforeAll(async () => {
  target.listen(0, '::')
  await once(target, 'listening')
  port = z.object({ port: z.number() }).parse(target.address()).port
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundle(),
      compatibilityDate: '2026-11-01',
      compatibilityFlags: ['nodejs_compat', 'global_fetch_strictly_public'],
      serviceBindings: {
        OUTBOUND_PUBLIC: { network: { allow: ['public'], deny: [...NEVER_PUBLIC_CIDRS], tlsOptions } },
        OUTBOUND_INTERNAL: { network: { allow: ['public', 'local', 'private'], tlsOptions } },
      },
    }),
  )
  worker = await miniflare.ready
}, 60_000)

afterAll(async () => {
  await miniflare.dispose()
  target.closeAllConnections()
  target.close()
})

const hosts = ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost']

describe('the network half, without the text half', () => {
  test.each(hosts)('the public binding does not reach %s', async (host) => {
    const answer = await ask({ way: 'OUTBOUND_PUBLIC', url: `http://${host}:${port}/` })
    expect(answer).toMatchObject({ thrown: expect.stringContaining('internal error') })
  })

  // Special-purpose ranges: even if one were let through, nobody answers there.
  test.each([
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[::7f00:1]',
    '[fec0::1]',
    '192.0.2.1',
    '198.18.0.1',
    '168.63.129.16',
  ])('nor %s, which workerd counts as public, through the list of what never is', async (host) => {
    const answer = await ask({ way: 'OUTBOUND_PUBLIC', url: `http://${host}:${port}/` })
    expect(answer).toMatchObject({ thrown: expect.stringContaining('internal error') })
  })

  // Metadata services, private networks, and what is no host's address: nobody answers, and workerd must not even ask.
  test.each([
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '169.254.170.2',
    '192.0.0.192',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[ff02::1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[64:ff9b:1::a00:1]',
  ])('nor %s', async (host) => {
    const answer = await ask({ way: 'OUTBOUND_PUBLIC', url: `http://${host}:${port}/` })
    expect(answer).toMatchObject({ thrown: expect.stringContaining('internal error') })
  })

  test('nor this machine by its addresses in other networks, as far as they are internal', async () => {
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const internal = own.filter(({ address }) => internalKind(ipaddr.parse(address)) !== undefined)
    for (const { address, family } of internal) {
      const host = family === 'IPv6' ? `[${address}]` : address
      const answer = await ask({ way: 'OUTBOUND_PUBLIC', url: `http://${host}:${port}/` })
      expect(answer, host).toMatchObject({ thrown: expect.stringContaining('internal error') })
    }
  })

  test.each(hosts)('the internal binding does reach %s', async (host) => {
    expect(await ask({ way: 'OUTBOUND_INTERNAL', url: `http://${host}:${port}/` })).toMatchObject({ status: 200 })
  })
})

describe('the whole gate', () => {
  test.each(hosts)('refuses %s by its text', async (host) => {
    const answer = await ask({ url: `http://${host}:${port}/` })
    expect(answer).toEqual({ code: 'outbound_not_allowed', retryable: false })
  })

  test.each(['127.0.0.1', '[::1]', 'localhost'])('reaches %s when the allow list names it', async (host) => {
    const url = `http://${host}:${port}/`
    expect(await ask({ url, allow: host })).toEqual({ status: 200, url, body: 'reached SynapScale' })
  })

  // The address is judged where the connection is made, after the name was resolved: there is no moment in between in
  // which the name could change its mind (DNS rebinding).
  test.each(['localhost', hostname()])('%s, were it to pass the text, is stopped by the network', async (name) => {
    const answer = await ask({ way: 'swapped', url: `http://${name}:${port}/`, allow: name })
    expect(answer).toEqual({ code: 'outbound_unreachable', retryable: true })
  })

  test('an allow-listed server cannot redirect to one that is not', async () => {
    const answer = await ask({ url: `http://localhost:${port}/to-loopback`, allow: 'localhost' })
    expect(answer).toEqual({ code: 'outbound_not_allowed', retryable: false })
  })

  test('a redirect among what is allowed is followed', async () => {
    const base = `http://localhost:${port}`
    expect(await ask({ url: `${base}/to-self`, allow: 'localhost' })).toMatchObject({
      status: 200,
      url: `${base}/final`,
    })
  })
})

describe('failures as workerd shows them', () => {
  test.each([
    ['a closed port', 'http://127.0.0.1:1/', 'outbound_network'],
    ['a reset before the headers', '/reset', 'outbound_network'],
    ['a reset in the body', '/cut', 'outbound_network'],
    ['a body that does not end', '/silent', 'outbound_timeout'],
    ['TLS where there is none', 'https:', 'outbound_unreachable'],
  ])('%s', async (_what, where, code) => {
    const base = `${where === 'https:' ? 'https' : 'http'}://127.0.0.1:${port}`
    const url = where.startsWith('/') ? base + where : where === 'https:' ? base : where
    expect(await ask({ url, allow: '127.0.0.1', timeout: '500' })).toEqual({ code, retryable: true })
  })

  test('a body that unfolds beyond the limit', async () => {
    const url = `http://127.0.0.1:${port}/gzip`
    expect(await ask({ url, allow: '127.0.0.1', max: '4999' })).toEqual({
      code: 'outbound_too_large',
      retryable: false,
    })
    expect(await ask({ url, allow: '127.0.0.1', max: '5000' })).toMatchObject({ status: 200 })
  })
})
