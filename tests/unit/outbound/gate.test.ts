import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { parseAllowList } from '#outbound/allow-list'
import { type Outbound, createOutbound } from '#outbound/gate'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedServer, redirectTo, startScriptedServer } from './scripted-server.ts'

// Two names of one server: a redirect between them is one across origins, as the gate sees it.
const HOME = 'http://home.example.com'
const AWAY = 'http://away.example.com'

let server: ScriptedServer
let outbound: Outbound

/** Stands in for DNS and the public network: every name leads to the scripted server. */
function toServer(request: Request): Promise<Response> {
  const url = new URL(request.url)
  return fetch(new Request(`http://127.0.0.1:${server.port}${url.pathname}${url.search}`, request))
}

beforeAll(async () => {
  server = await startScriptedServer({
    '/ok': (response) => response.writeHead(201, { 'x-answer': '42', 'set-cookie': ['a=1', 'b=2'] }).end('fine'),
    '/empty': (response) => response.writeHead(204).end(),
    '/gzip': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(5000))),
    '/large': (response) => response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000)),
    '/endless': (response) => {
      response.on('error', () => undefined)
      const write = (): boolean => !response.destroyed && response.write('x'.repeat(1000), () => write())
      write()
    },
    '/silent': () => undefined,
    '/half': (response) => response.write('half'),
    '/cut': (response) => response.write('half', () => response.socket?.resetAndDestroy()),
    '/reset': (response) => response.socket?.resetAndDestroy(),
    '/loop': redirectTo(302, '/loop'),
    '/relative': redirectTo(302, 'ok?from=relative'),
    '/away': redirectTo(302, `${AWAY}/ok`),
    '/scheme': redirectTo(302, 'https://home.example.com/ok'),
    '/loopback': redirectTo(302, 'http://127.0.0.1/'),
    '/metadata': redirectTo(307, 'http://[::ffff:169.254.169.254]/'),
    '/file': redirectTo(302, 'file:///etc/passwd'),
    '/credentials': redirectTo(302, 'http://user:pass@example.com/'),
    '/nowhere': (response) => response.writeHead(302).end('no location'),
    ...Object.fromEntries([301, 302, 303, 307, 308].map((status) => [`/${status}`, redirectTo(status, '/ok')])),
  })
})
afterAll(() => server.stop())
beforeEach(() => {
  server.forget()
  outbound = createOutbound({ bindings: { OUTBOUND_PUBLIC: { fetch: toServer } }, allow: parseAllowList([]) })
})

describe('one request', () => {
  test('gives status, headers, body and where it came from', async () => {
    const response = await outbound.fetch({ url: `${HOME}/ok` })
    expect(response.status).toBe(201)
    expect(response.headers.get('x-answer')).toBe('42')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.url).toBe(`${HOME}/ok`)
    expect(response.redirected).toBe(false)
    expect(await response.text()).toBe('fine')
  })

  test('an answer without a body', async () => {
    const response = await outbound.fetch({ url: `${HOME}/empty` })
    expect([response.status, response.body]).toEqual([204, null])
  })

  test('sends method, body and headers, but none of those that belong to the transport or to Cloudflare', async () => {
    const headers = {
      authorization: 'Bearer key',
      'x-mine': 'yes',
      connection: 'keep-alive, x-hop',
      'x-hop': 'no',
      host: 'internal.service',
      'proxy-authorization': 'Basic x',
      'transfer-encoding': 'chunked',
      'content-length': '3',
      te: 'trailers',
      'accept-encoding': 'zstd',
      upgrade: 'websocket',
      'cf-connecting-ip': '127.0.0.1',
      'CF-Worker': 'x',
    }
    await outbound.fetch({ url: `${HOME}/ok`, method: 'put', body: '{"a":1}', headers })
    const [request] = server.requests
    expect(request).toMatchObject({ method: 'PUT', body: '{"a":1}' })
    expect(request?.headers).toMatchObject({ authorization: 'Bearer key', 'x-mine': 'yes' })
    expect(request?.headers).toMatchObject({ 'user-agent': 'SynapScale', 'accept-encoding': 'gzip, br' })
    const refused = ['x-hop', 'proxy-authorization', 'te', 'upgrade', 'cf-connecting-ip', 'cf-worker']
    expect(refused.filter((name) => request?.headers[name] !== undefined)).toEqual([])
    expect(request?.headers.host).toBe(`127.0.0.1:${server.port}`)
  })

  test.each([
    [{ headers: { 'x-a': 'b\r\nx-c: d' } }],
    [{ headers: { 'bad name': 'x' } }],
    [{ method: 'CONNECT' }],
    [{ method: 'NO SUCH' }],
    [{ method: 'GET', body: 'x' }],
  ])('refuses %j, which HTTP does not have', async (request) => {
    const sent = outbound.fetch({ url: `${HOME}/ok`, ...request })
    await expect(sent).rejects.toMatchObject({ code: 'outbound_invalid_request', retryable: false })
    expect(server.requests).toEqual([])
  })

  test('a connection that fails', async () => {
    const sent = outbound.fetch({ url: `${HOME}/reset` })
    await expect(sent).rejects.toMatchObject({
      code: 'outbound_network',
      params: { host: 'home.example.com' },
      retryable: true,
    })
  })

  test('a connection that is cut in the middle of the body', async () => {
    const response = await outbound.fetch({ url: `${HOME}/cut` })
    await expect(response.text()).rejects.toMatchObject({ code: 'outbound_network', retryable: true })
  })
})

describe('the way out', () => {
  test('an internal address is refused before anything is sent', async () => {
    const sent = outbound.fetch({ url: `http://127.0.0.1:${server.port}/ok` })
    await expect(sent).rejects.toMatchObject({ code: 'outbound_not_allowed', retryable: false })
    await expect(sent).rejects.toThrow('127.0.0.1 is not allowed')
    expect(server.requests).toEqual([])
  })

  test('an allow-listed one takes the internal binding', async () => {
    const ways: string[] = []
    const via = (way: string) => ({ fetch: (request: Request) => (ways.push(way), toServer(request)) })
    const gate = createOutbound({
      bindings: { OUTBOUND_PUBLIC: via('public'), OUTBOUND_INTERNAL: via('internal') },
      allow: parseAllowList(['127.0.0.1']),
    })
    await gate.fetch({ url: 'http://127.0.0.1/ok' })
    await gate.fetch({ url: `${HOME}/ok` })
    expect(ways).toEqual(['internal', 'public'])
  })

  test('says so where there is no internal binding', async () => {
    const gate = createOutbound({
      bindings: {},
      allow: parseAllowList(['127.0.0.1']),
      fetch: (input) => toServer(new Request(input)),
    })
    await expect(gate.fetch({ url: 'http://127.0.0.1/ok' })).rejects.toMatchObject({
      code: 'outbound_no_internal_route',
    })
    expect((await gate.fetch({ url: `${HOME}/ok` })).status).toBe(201)
  })
})

describe('redirects', () => {
  test('are followed, and the answer says where they led', async () => {
    const response = await outbound.fetch({ url: `${HOME}/relative` })
    expect([response.status, response.url, response.redirected]).toEqual([201, `${HOME}/ok?from=relative`, true])
  })

  test.each([
    ['/loopback', 'outbound_not_allowed'],
    ['/metadata', 'outbound_not_allowed'],
    ['/file', 'outbound_invalid_url'],
    ['/credentials', 'outbound_url_credentials'],
  ])('%s is refused: %s', async (path, code) => {
    await expect(outbound.fetch({ url: HOME + path })).rejects.toMatchObject({ code })
    expect(server.requests.length).toBe(1)
  })

  test('end after five, or as many as asked for', async () => {
    await expect(outbound.fetch({ url: `${HOME}/loop` })).rejects.toMatchObject({
      code: 'outbound_too_many_redirects',
      params: { limit: 5 },
    })
    expect(server.requests.length).toBe(6)
    await expect(outbound.fetch({ url: `${HOME}/loop` }, { maxRedirects: 1 })).rejects.toMatchObject({
      params: { limit: 1 },
    })
    expect(server.requests.length).toBe(8)
  })

  test('are handed back when asked for, and when they lead nowhere', async () => {
    const manual = await outbound.fetch({ url: `${HOME}/loopback`, redirect: 'manual' })
    expect([manual.status, manual.headers.get('location')]).toEqual([302, 'http://127.0.0.1/'])
    expect(await (await outbound.fetch({ url: `${HOME}/nowhere` })).text()).toBe('no location')
  })

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'POST', 'POST', 'body'],
    [301, 'PUT', 'PUT', 'body'],
    [302, 'DELETE', 'DELETE', 'body'],
    [303, 'PUT', 'GET', ''],
  ])('%i after %s: %s', async (status, method, expected, body) => {
    await outbound.fetch({ url: `${HOME}/${status}`, method, body: 'body', headers: { 'content-type': 'text/x' } })
    const last = server.requests.at(-1)
    expect([last?.method, last?.body]).toEqual([expected, body])
    expect(last?.headers['content-type']).toBe(body === '' ? undefined : 'text/x')
  })

  test.each([303, 307])('a HEAD stays one after %i', async (status) => {
    await outbound.fetch({ url: `${HOME}/${status}`, method: 'HEAD' })
    expect(server.requests.map((request) => request.method)).toEqual(['HEAD', 'HEAD'])
  })

  test('a form is sent again as a whole after 307, a stream is not', async () => {
    const form = new FormData()
    form.set('field', 'value')
    await outbound.fetch({ url: `${HOME}/307`, method: 'POST', body: form })
    expect(server.requests.map((request) => request.body.includes('value'))).toEqual([true, true])
    const boundary = /boundary=(.+)/.exec(server.requests[1]?.headers['content-type'] ?? '')?.[1]
    expect(server.requests[1]?.body).toContain(boundary)
    const handedBack = await outbound.fetch({ url: `${HOME}/307`, method: 'POST', body: new Blob(['x']).stream() })
    expect(handedBack.status).toBe(307)
  })

  test.each(['/away', '/scheme'])('across origins (%s) no header that may be a secret goes along', async (path) => {
    const headers = { authorization: 'a', cookie: 'b', 'x-api-key': 'c', accept: 'text/plain', 'idempotency-key': 'd' }
    await outbound.fetch({ url: HOME + path, headers })
    const [first, second] = server.requests.map((request) => request.headers)
    expect(first).toMatchObject(headers)
    expect(second).toMatchObject({ accept: 'text/plain', 'idempotency-key': 'd', 'user-agent': 'SynapScale' })
    expect([second?.authorization, second?.cookie, second?.['x-api-key']]).toEqual([undefined, undefined, undefined])
  })

  test('within one origin they do', async () => {
    await outbound.fetch({ url: `${HOME}/relative`, headers: { 'x-api-key': 'c' } })
    expect(server.requests[1]?.headers['x-api-key']).toBe('c')
  })
})

describe('limits', () => {
  test('a declared size beyond the limit is refused without reading', async () => {
    const sent = outbound.fetch({ url: `${HOME}/large` }, { maxBytes: 4999 })
    await expect(sent).rejects.toMatchObject({ code: 'outbound_too_large', params: { limit: 4999 }, retryable: false })
    const whole = await outbound.fetch({ url: `${HOME}/large` }, { maxBytes: 5000 })
    expect((await whole.text()).length).toBe(5000)
  })

  test('an undeclared one fails while it is read', async () => {
    const response = await outbound.fetch({ url: `${HOME}/endless` }, { maxBytes: 50_000 })
    await expect(response.text()).rejects.toMatchObject({ code: 'outbound_too_large' })
  })

  test('what is compressed counts as it unfolds', async () => {
    const bomb = await outbound.fetch({ url: `${HOME}/gzip` }, { maxBytes: 4999 })
    await expect(bomb.text()).rejects.toMatchObject({ code: 'outbound_too_large' })
    const whole = await outbound.fetch({ url: `${HOME}/gzip` }, { maxBytes: 5000 })
    expect([whole.headers.get('content-encoding'), (await whole.text()).length]).toEqual([null, 5000])
  })

  test.each(['/silent', '/half'])('the time limit holds for headers and body (%s)', async (path) => {
    const whole = outbound.fetch({ url: HOME + path }, { timeoutMs: 50 }).then((response) => response.text())
    await expect(whole).rejects.toMatchObject({ code: 'outbound_timeout', params: { timeout_ms: 50 }, retryable: true })
  })

  test('a transport that does not listen to the signal cannot hold the caller', async () => {
    const deaf = createOutbound({
      bindings: { OUTBOUND_PUBLIC: { fetch: () => new Promise(() => undefined) } },
      allow: [],
    })
    await expect(deaf.fetch({ url: HOME }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'outbound_timeout' })
  })

  test("the caller's abort comes through with its own reason, before, during and after the headers", async () => {
    const reason = new Error('cancelled')
    const aborted = AbortSignal.abort(reason)
    await expect(outbound.fetch({ url: `${HOME}/ok` }, { signal: aborted })).rejects.toBe(reason)
    for (const path of ['/silent', '/half']) {
      const controller = new AbortController()
      const whole = outbound
        .fetch({ url: HOME + path }, { signal: controller.signal })
        .then((response) => response.text())
      await Promise.all([expect(whole).rejects.toBe(reason), sleep(30).then(() => controller.abort(reason))])
    }
  })
})
