/** Accounts on the real server: where mail goes, and whom it takes a client for. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startServer, type TestServer } from '#tests/support/server'

const EMAIL = 'ana@example.com'
const PASSWORD = 'securepassword'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
}, 120_000)
afterAll(() => server.remove())

async function call(path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** The link of the last mail of this subject that the server printed. */
async function printedLink(subject: string): Promise<string> {
  return vi.waitFor(() => {
    const line = server
      .output()
      .split('\n')
      .findLast((text) => text.includes(`mail to ${EMAIL}: ${subject}`))
    return z.url().parse(line?.split(' ').at(-1))
  }, 5_000)
}

test('a mail is a line with its link, and a file of the owner alone', async () => {
  const registered = await call('/auth/register', { email: EMAIL, password: PASSWORD, name: 'Ana' })
  expect(registered.status).toBe(201)
  const link = await printedLink('SynapScale: confirme o seu e-mail')
  expect(link).toMatch(new RegExp(`^http://localhost:${server.port}/verify-email#token=ott_`))
  const directory = join(server.dataDir, 'mail')
  const [name = '', ...more] = readdirSync(directory)
  expect(more).toEqual([])
  expect([statSync(directory).mode & 0o777, statSync(join(directory, name)).mode & 0o777]).toEqual([0o700, 0o600])
  expect(readFileSync(join(directory, name), 'utf8')).toContain(`\n${link}\n`)
})

test('the link opens what it should', async () => {
  await call('/auth/forgot-password', { email: EMAIL })
  const token = new URL(await printedLink('SynapScale: nova senha')).hash.replace('#token=', '')
  const reset = await call('/auth/reset-password', { token, new_password: `${PASSWORD}2` })
  expect(reset.status).toBe(200)
  const login = await call('/auth/login', { email: EMAIL, password: `${PASSWORD}2` })
  expect(login.status).toBe(200)
  const { access_token } = z.object({ access_token: z.string() }).parse(await login.json())
  const sessions = await call('/auth/sessions', undefined, { Authorization: `Bearer ${access_token}` })
  expect(await sessions.json()).toMatchObject({ items: [{ address: '127.0.0.1', current: true }] })
})

test('who guesses waits, whatever addresses the headers name', async () => {
  const statuses: number[] = []
  for (let index = 1; index <= 22; index += 1) {
    const forged = { 'X-Forwarded-For': `203.0.113.${index}`, 'CF-Connecting-IP': `203.0.113.${index}` }
    const answer = await call('/auth/login', { email: `u${index}@example.com`, password: 'wrong password' }, forged)
    await answer.body?.cancel()
    statuses.push(answer.status)
  }
  expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
  expect(statuses[20]).toBe(429)
})
