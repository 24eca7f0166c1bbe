import { createOutbound } from '#outbound/gate'
import { toFetch } from '#outbound/to-fetch'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedServer, redirectTo, startScriptedServer } from './scripted-server.ts'

const PUBLIC_NAME = 'http://example.com'

let server: ScriptedServer
let gated: typeof fetch

beforeAll(async () => {
  server = await startScriptedServer({
    '/ok': (response) => response.end('fine'),
    '/moved': redirectTo(307, '/ok'),
    '/silent': () => undefined,
  })
})
afterAll(() => server.stop())
beforeEach(() => {
  server.forget()
  const toServer = (request: Request): Promise<Response> =>
    fetch(new Request(request.url.replace(PUBLIC_NAME, `http://127.0.0.1:${server.port}`), request))
  gated = toFetch(createOutbound({ bindings: { OUTBOUND_PUBLIC: { fetch: toServer } }, allow: [] }), {
    timeoutMs: 5000,
  })
})

describe('toFetch', () => {
  test.each([`${PUBLIC_NAME}/ok`, new URL(`${PUBLIC_NAME}/ok`), new Request(`${PUBLIC_NAME}/ok`)])(
    'takes %s',
    async (input) => {
      const response = await gated(input, { headers: { 'x-a': 'b' } })
      expect(await response.text()).toBe('fine')
      expect(server.requests[0]?.headers['x-a']).toBe('b')
    },
  )

  test('a request with a body of its own', async () => {
    const request = new Request(`${PUBLIC_NAME}/ok`, { method: 'POST', body: 'text', headers: { 'x-a': 'b' } })
    await gated(request)
    expect(server.requests[0]).toMatchObject({ method: 'POST', body: 'text' })
    expect(server.requests[0]?.headers['x-a']).toBe('b')
  })

  test('a form keeps one boundary', async () => {
    const body = new FormData()
    body.set('field', 'value')
    await gated(`${PUBLIC_NAME}/ok`, { method: 'POST', body })
    const [request] = server.requests
    expect(request?.body).toContain(/boundary=(.+)/.exec(request?.headers['content-type'] ?? '')?.[1])
  })

  test('follows redirects unless told otherwise', async () => {
    expect((await gated(`${PUBLIC_NAME}/moved`)).url).toBe(`${PUBLIC_NAME}/ok`)
    expect((await gated(`${PUBLIC_NAME}/moved`, { redirect: 'manual' })).status).toBe(307)
  })

  test.each(['no url', 'http://localhost/', new URL('http://[::1]/')])('rejects %s', async (input) => {
    await expect(gated(input)).rejects.toMatchObject({ name: 'OutboundError', retryable: false })
  })

  test('listens to the signal of the call', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const sent = gated(`${PUBLIC_NAME}/silent`, { signal: controller.signal })
    await Promise.all([expect(sent).rejects.toBe(reason), Promise.resolve().then(() => controller.abort(reason))])
  })
})
