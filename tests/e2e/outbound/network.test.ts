// Plain Node around a real workerd: what is under test is the network that the bindings stand for, and it cannot be
// had inside the test runtime. No internet: the "public" network is asked for internal addresses only.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { NEVER_PUBLIC_CIDRS } from '#outbound/addresses'
import { build } from 'esbuild'
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

  test('a name that passes the text and leads inside is stopped by the network', async () => {
    const answer = await ask({ way: 'swapped', url: `http://localhost:${port}/`, allow: 'localhost' })
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
