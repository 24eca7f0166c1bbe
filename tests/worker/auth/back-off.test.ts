import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq, like } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { accountKey } from '#auth/attempt-keys'
import { connect } from '#db/connect'
import { app } from '#http/app'
import { call, INVALID, logIn, problemOf } from './api.ts'
import { createAccount, newEmail, PASSWORD } from '#tests/worker/support/accounts'
import { tokenTo } from './mail.ts'

const WRONG = 'wrong password'
const BLOCKED = { status: 429, code: 'too_many_attempts' }
const db = connect(env)
const { loginFailures } = db.tables

function attempt(email: string, password = WRONG) {
  return call('/auth/login', { json: { email, password } })
}

/** Lets the block of an account run out, its failures stay. */
async function unblock(email: string): Promise<void> {
  await db
    .update(loginFailures)
    .set({ blocked_until: new Date() })
    .where(eq(loginFailures.key, accountKey(email)))
}

async function failuresOf(email: string): Promise<number> {
  const [row] = await db
    .select()
    .from(loginFailures)
    .where(eq(loginFailures.key, accountKey(email)))
  return row?.failures ?? 0
}

async function failTimes(email: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) expect(problemOf(await attempt(email))).toEqual(INVALID)
}

describe('after five wrong passwords', () => {
  it.each<[string, () => Promise<string>]>([
    ['an account', async () => (await createAccount()).email],
    ['an address that nobody has', () => Promise.resolve(newEmail())],
  ])('%s waits a second, then twice as long each time', async (_, toEmail) => {
    const email = await toEmail()
    await failTimes(email, 5)
    for (const seconds of [1, 2, 4, 8]) {
      const refused = await attempt(email)
      expect(problemOf(refused)).toMatchObject(BLOCKED)
      expect(refused.headers.get('Retry-After')).toBe(String(seconds))
      await unblock(email)
      await failTimes(email, 1)
    }
    await db
      .update(loginFailures)
      .set({ failures: 60 })
      .where(eq(loginFailures.key, accountKey(email)))
    await unblock(email)
    await failTimes(email, 1)
    expect((await attempt(email)).headers.get('Retry-After')).toBe('900')
  })

  it('the right one waits as well, and then forgives', async () => {
    const { email } = await createAccount()
    await failTimes(email, 5)
    const refused = await attempt(email, PASSWORD)
    expect(problemOf(refused)).toMatchObject(BLOCKED)
    await new Promise((resolve) => setTimeout(resolve, Number(refused.headers.get('Retry-After')) * 1000))
    expect((await attempt(email, PASSWORD)).status).toBe(200)
    expect(await failuresOf(email)).toBe(0)
    await failTimes(email, 4)
    expect((await attempt(email, PASSWORD)).status).toBe(200)
  })

  it('another account goes on, and so does a session', async () => {
    const { email } = await createAccount()
    const { access_token } = await logIn(email)
    await failTimes(email, 5)
    expect((await attempt((await createAccount()).email, PASSWORD)).status).toBe(200)
    expect((await call('/auth/me', { token: access_token })).status).toBe(200)
  })

  it('a new password by mail forgives', async () => {
    const { email } = await createAccount()
    await failTimes(email, 5)
    await call('/auth/forgot-password', { json: { email } })
    const token = await tokenTo(email, '/reset-password')
    await call('/auth/reset-password', { json: { token, new_password: PASSWORD } })
    expect((await attempt(email, PASSWORD)).status).toBe(200)
  })
})

describe('failures', () => {
  it('are counted one by one, also of many at once', async () => {
    const { email } = await createAccount()
    const answers = await Promise.all(Array.from({ length: 8 }, () => attempt(email)))
    const counted = answers.filter(({ status }) => status === 401).length
    expect(counted).toBeGreaterThanOrEqual(5)
    expect(await failuresOf(email)).toBe(counted)
    // A burst buys nothing: what it was too quick for is waited for afterwards.
    expect(Number((await attempt(email)).headers.get('Retry-After'))).toBeGreaterThanOrEqual(2 ** (counted - 5) - 1)
  })

  it('of another case of the address are the same account’s', async () => {
    const { email } = await createAccount()
    await failTimes(email, 4)
    await failTimes(` ${email.toUpperCase()}`, 1)
    expect(problemOf(await attempt(email))).toMatchObject(BLOCKED)
  })

  it('are forgotten after an hour, and swept', async () => {
    const { email } = await createAccount()
    const key = `account:old-${crypto.randomUUID()}`
    const hourAgo = new Date(Date.now() - 60 * 60 * 1000)
    await db.insert(loginFailures).values({ key, failures: 9, failed_at: hourAgo, blocked_until: hourAgo })
    await failTimes(email, 4)
    await db
      .update(loginFailures)
      .set({ failed_at: hourAgo })
      .where(eq(loginFailures.key, accountKey(email)))
    await failTimes(email, 1)
    expect(await failuresOf(email)).toBe(1)
    expect(await db.select().from(loginFailures).where(eq(loginFailures.key, key))).toEqual([])
  })

  it('are those of whoever has a token too', async () => {
    const { email } = await createAccount()
    const { access_token: token } = await logIn(email)
    const change = () =>
      call('/auth/change-password', { token, json: { current_password: WRONG, new_password: PASSWORD } })
    for (let time = 0; time < 5; time += 1) expect((await change()).status).toBe(403)
    expect(problemOf(await change())).toMatchObject(BLOCKED)
    const removed = await call('/auth/account', { method: 'DELETE', token, json: { password: PASSWORD } })
    expect(problemOf(removed)).toMatchObject(BLOCKED)
  })
})

describe('an address', () => {
  /** A wrong login to another account each time, seen as this peer. */
  async function fromPeer(clientIp: string, headers: Record<string, string> = {}, more: object = {}) {
    const context = createExecutionContext()
    const request = new Request('http://synapscale.test/api/v1/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ email: newEmail(), password: WRONG }),
      cf: { clientIp },
    })
    const response = await app.fetch(request, { ...env, ...more }, context)
    await response.body?.cancel()
    await waitOnExecutionContext(context)
    return response.status
  }

  it('waits after twenty, whatever account they were for and whatever its headers say', async () => {
    const peer = '192.0.2.77'
    for (let port = 1; port <= 20; port += 1) {
      expect(await fromPeer(`${peer}:${port}`, { 'X-Forwarded-For': `198.51.100.${port}` })).toBe(401)
    }
    const forged = { 'X-Forwarded-For': '203.0.113.1', 'CF-Connecting-IP': '203.0.113.1', 'X-Real-IP': '203.0.113.1' }
    expect(await fromPeer(`${peer}:21`, forged)).toBe(429)
    expect(await fromPeer('192.0.2.78:1')).toBe(401)
  })

  it('is the one that the proxy tells, once that is set', async () => {
    const setting = { CLIENT_ADDRESS_HEADER: 'X-Forwarded-For' }
    const peer = '192.0.2.99:1'
    for (let index = 1; index <= 20; index += 1) {
      const forwarded = { 'X-Forwarded-For': `203.0.113.${index}, 198.51.100.99` }
      expect(await fromPeer(peer, forwarded, setting)).toBe(401)
    }
    expect(await fromPeer(peer, { 'X-Forwarded-For': '198.51.100.99' }, setting)).toBe(429)
    expect(await fromPeer(peer, { 'X-Forwarded-For': '198.51.100.99, 198.51.100.98' }, setting)).toBe(401)
    const peers = await db.select().from(loginFailures).where(like(loginFailures.key, 'address:192.0.2.99%'))
    expect(peers).toEqual([])
  })
})
