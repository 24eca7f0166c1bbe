/** What a flood meets on the real server, with the numbers of its settings. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '#tests/support/server'
import { type Client, createClient, request } from './support/client.ts'

let server: TestServer
let ana: Client

beforeAll(async () => {
  // Room for the requests of two adjacent minutes would hide a limit that does not hold: the tests ask thrice as often.
  server = await startServer({ env: { RATE_LIMIT_AUTH: '20', RATE_LIMIT_USER: '40', RATE_LIMIT_ADDRESS: '200' } })
  ana = await createClient(server.url)
})
afterAll(() => server.remove())

/** The statuses of many requests, ten at a time. */
async function flood(times: number, send: () => Promise<{ readonly status: number }>): Promise<number[]> {
  const statuses: number[] = []
  for (let round = 0; round < times / 10; round += 1)
    statuses.push(...(await Promise.all(Array.from({ length: 10 }, send))).map(({ status }) => status))
  return statuses
}

const count = (statuses: readonly number[], status: number) => statuses.filter((each) => each === status).length

describe('too many requests', () => {
  test('of a user are answered 429', async () => {
    const statuses = await flood(120, () => ana.call('/workflows'))
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(35)
    expect(count(statuses, 429)).toBe(statuses.length - count(statuses, 200))
    expect(count(statuses, 429)).toBeGreaterThan(0)
  })

  test('of an OpenAI client are answered 429 as OpenAI does, with the time to wait', async () => {
    const ask = () =>
      request(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        body: '{}',
        headers: { Authorization: `Bearer ${ana.token}`, 'Content-Type': 'application/json' },
      })
    expect(count(await flood(120, ask), 429)).toBeGreaterThan(0)
    const { status, headers, body } = await ask()
    expect(status).toBe(429)
    expect(Number(headers.get('Retry-After'))).toBeLessThanOrEqual(60)
    expect(body).toEqual({
      error: { message: expect.any(String), type: 'rate_limit_error', code: 'rate_limit_exceeded', param: null },
    })
  })

  test('to log in are answered 429, with the time to wait', async () => {
    const init = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }
    const login = () => request(`${server.url}/api/v1/auth/login`, init)
    expect(count(await flood(60, login), 429)).toBeGreaterThan(0)
    const { headers } = await login()
    expect(Number(headers.get('Retry-After'))).toBeLessThanOrEqual(60)
  })

  test('from an address are answered 429, whatever headers it sends; /health goes on', async () => {
    let sent = 0
    const forged = () => {
      sent += 1
      const from = `198.51.100.${sent % 250}`
      return request(server.url, { headers: { 'X-Forwarded-For': from, 'CF-Connecting-IP': from } })
    }
    expect(count(await flood(600, forged), 429)).toBeGreaterThan(0)
    expect(new Set(await flood(250, () => request(`${server.url}/health`)))).toEqual(new Set([200]))
  })
})
