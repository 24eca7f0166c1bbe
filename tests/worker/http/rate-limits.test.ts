import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { app } from '#http/app'
import { createKey } from '#tests/worker/api-keys/support'
import { createSession } from '#tests/worker/support/accounts'
import { ORIGIN, readProblem } from './client.ts'

const MINUTE_MS = 60_000

type Settings = Record<string, unknown>

/** A server of its own, whose callers say in `X-Client` from where they come. */
function createServer(settings: Settings) {
  const own = { ...env, CLIENT_ADDRESS_HEADER: 'X-Client', ...settings }
  return async (path: string, from: string, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(ORIGIN + path, init)
    request.headers.set('X-Client', from)
    return app.fetch(request, own, createExecutionContext())
  }
}

const few = (limit: number) => ({ limit, period: 60 })
const refresh = { method: 'POST', body: '{"refresh_token":"x"}', headers: { 'Content-Type': 'application/json' } }
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

/** The middle of a minute, soon: windows begin with the minute. */
const start = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + 20_000
beforeEach(() => {
  vi.spyOn(Date, 'now').mockReturnValue(start)
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('an address', () => {
  it('that asks too often is told when to come back, and may then', async () => {
    const send = createServer({ LIMIT_ADDRESS: few(2) })
    expect((await send('/', '192.0.2.1')).status).toBe(200)
    expect((await send('/api/v1/auth/me', '192.0.2.1')).status).toBe(401)
    const refused = await send('/', '192.0.2.1', { headers: { 'Accept-Language': 'en', Origin: ORIGIN } })
    expect(refused.headers.get('Retry-After')).toBe('40')
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(await readProblem(refused)).toMatchObject({
      status: 429,
      code: 'rate_limited',
      detail: 'Too many requests. Try again in 40 s.',
    })
    expect((await send('/', '192.0.2.2')).status).toBe(200)
    vi.spyOn(Date, 'now').mockReturnValue(start + 40_000)
    expect((await send('/', '192.0.2.1')).status).toBe(200)
  })

  it('of IPv6 is counted with its network', async () => {
    const send = createServer({ LIMIT_ADDRESS: few(1) })
    expect((await send('/', '2001:db8::1')).status).toBe(200)
    expect((await send('/', '2001:db8::2')).status).toBe(429)
    expect((await send('/', '2001:db8:0:1::1')).status).toBe(200)
  })

  it('that cannot be believed is not counted, and /health never is', async () => {
    const send = createServer({ LIMIT_ADDRESS: few(1), LIMIT_AUTH: few(1) })
    for (const from of ['', 'unknown', '', '']) expect((await send('/', from)).status).toBe(200)
    for (let times = 0; times < 4; times += 1) expect((await send('/health', '192.0.2.1')).status).toBe(200)
  })

  it('has fewer tries at what needs no token and writes', async () => {
    const send = createServer({ LIMIT_AUTH: few(2) })
    for (const status of [401, 401, 429, 429])
      expect((await send('/api/v1/auth/refresh', '192.0.2.1', refresh)).status).toBe(status)
    // One limit for all of them, asked before the body is looked at.
    const register = { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json' } }
    expect((await send('/api/v1/auth/register', '192.0.2.1', register)).status).toBe(429)
    expect((await send('/api/v1/auth/register', '192.0.2.9', register)).status).toBe(400)
    expect((await send('/', '192.0.2.1')).status).toBe(200)
  })
})

describe('a user', () => {
  it('is counted wherever the requests come from, and each key for itself', async () => {
    const [ana, eva] = [await createSession(), await createSession()]
    const { key } = await createKey(ana.access_token, ['workflows:read'])
    const send = createServer({ LIMIT_USER: few(2) })
    const list = async (token: string, from: string) => (await send('/api/v1/workflows', from, bearer(token))).status
    expect(await list(ana.access_token, '192.0.2.1')).toBe(200)
    expect(await list(ana.access_token, '192.0.2.2')).toBe(200)
    expect(await list(ana.access_token, '192.0.2.3')).toBe(429)
    expect(await list(eva.access_token, '192.0.2.1')).toBe(200)
    for (const status of [200, 200, 429]) expect(await list(key, '192.0.2.1')).toBe(status)
  })

  it('is not counted for a token that somebody made up', async () => {
    const { access_token } = await createSession()
    const forged = access_token.slice(0, -4) + 'AAAA'
    const send = createServer({ LIMIT_USER: few(1) })
    for (let times = 0; times < 3; times += 1)
      expect((await send('/api/v1/workflows', '192.0.2.1', bearer(forged))).status).toBe(401)
    expect((await send('/api/v1/workflows', '192.0.2.1', bearer(access_token))).status).toBe(200)
  })
})

it('a webhook is counted by its address, from wherever it is called', async () => {
  const send = createServer({ LIMIT_HOOK: few(1) })
  const hook = (letter: string) => `/hooks/${letter.repeat(43)}`
  expect((await send(hook('A'), '192.0.2.1', { method: 'POST' })).status).toBe(404)
  expect((await send(hook('A'), '192.0.2.2', { method: 'POST' })).status).toBe(429)
  expect((await send(hook('E'), '192.0.2.2', { method: 'POST' })).status).toBe(404)
})

it('RATE_LIMIT_ENABLED=false turns all of it off', async () => {
  const send = createServer({ LIMIT_ADDRESS: few(1), LIMIT_AUTH: few(1), RATE_LIMIT_ENABLED: 'false' })
  for (let times = 0; times < 4; times += 1)
    expect((await send('/api/v1/auth/refresh', '192.0.2.1', refresh)).status).toBe(401)
})

it('with the platform’s own binding it holds too', async () => {
  const send = createServer({})
  let answered = 0
  let status = 0
  // The minute may end in between: then as many go through again.
  for (; answered <= 120 && status !== 429; answered += 1)
    ({ status } = await send('/api/v1/auth/refresh', '198.51.100.200', refresh))
  expect(status).toBe(429)
  expect(answered).toBeGreaterThan(60)
})
