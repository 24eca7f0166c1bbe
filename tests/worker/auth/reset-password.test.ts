import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '#db/connect'
import { call, INVALID, logIn, problemOf, registerAccount } from './api.ts'
import { createAccount, createSession, newEmail, PASSWORD } from '#tests/worker/support/accounts'
import { linksTo, mailsTo, tokenTo } from './mail.ts'

const NEW_PASSWORD = 'another securepassword'
const BAD_TOKEN = { status: 400, code: 'invalid_token' }
const db = connect(env)
const { users, oneTimeTokens } = db.tables

function forgot(email: string, path = '/auth/forgot-password') {
  return call(path, { json: { email } })
}

function reset(token: string, new_password = NEW_PASSWORD) {
  return call('/auth/reset-password', { json: { token, new_password } })
}

function logInWith(email: string, password: string) {
  return call('/auth/login', { json: { email, password } })
}

/** A fresh account with a link for a new password. */
async function createForgetful(create = createAccount) {
  const account = await create()
  await forgot(account.email)
  return { ...account, token: await tokenTo(account.email, '/reset-password') }
}

describe('POST /auth/forgot-password', () => {
  it('answers alike whether the address exists or not, and mails only who exists', async () => {
    const { email } = await createAccount()
    const unknown = newEmail()
    const answers = [await forgot(email), await forgot(unknown)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.body).toEqual(answers[1]?.body)
    const named = answers.map(({ headers }) => [...headers.keys()].toSorted((a, b) => a.localeCompare(b)))
    expect(named[0]).toEqual(named[1])
    const [link] = await linksTo(email, '/reset-password')
    expect(link).toMatch(/^http:\/\/localhost:8000\/reset-password#token=ott_[\w-]{43}$/)
    expect(await mailsTo(unknown)).toEqual([])
  })

  it('builds the link from PUBLIC_URL, whatever Host says', async () => {
    const { email } = await createAccount()
    const headers = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'Accept-Language': 'en' }
    await call('/auth/forgot-password', { json: { email }, headers })
    expect((await linksTo(email, '/reset-password'))[0]).toMatch(/^http:\/\/localhost:8000\//)
    const mails = await mailsTo(email)
    expect(mails.map(({ subject }) => subject)).toContain('SynapScale: new password')
    expect(JSON.stringify(mails)).not.toContain('evil')
  })

  it('is known by another name to older clients', async () => {
    const { email } = await createAccount()
    expect((await forgot(email.toUpperCase(), '/auth/request-password-reset')).status).toBe(200)
    expect(await linksTo(email, '/reset-password')).toHaveLength(1)
  })

  it('mails five times an hour at most, and answers as ever', async () => {
    const { email } = await createAccount()
    const answers = await Promise.all(Array.from({ length: 12 }, () => forgot(email)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await linksTo(email, '/reset-password', 5)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await linksTo(email, '/reset-password', 5)).toHaveLength(5)
  })

  it('stores no token, and mails nobody whose account is closed', async () => {
    const { id, email, token } = await createForgetful()
    const [stored] = await db.select().from(oneTimeTokens).where(eq(oneTimeTokens.token_hash, token))
    expect(stored).toBeUndefined()
    await db.update(users).set({ is_active: false }).where(eq(users.id, id))
    expect((await forgot(email)).status).toBe(200)
    expect(problemOf(await reset(token))).toMatchObject(BAD_TOKEN)
    expect(await linksTo(email, '/reset-password')).toHaveLength(1)
  })

  it.each([{}, { email: 'ana' }, { email: 'a@example.com', user_id: 'x' }])('refuses %j', async (json) => {
    expect((await call('/auth/forgot-password', { json })).status).toBe(422)
  })
})

describe('POST /auth/reset-password', () => {
  it('puts the new password in place, ends all sessions and confirms the address', async () => {
    const { email, token } = await createForgetful()
    const session = await logIn(email)
    expect((await reset(token)).status).toBe(200)
    expect(problemOf(await call('/auth/me', { token: session.access_token }))).toEqual(INVALID)
    const refreshed = await call('/auth/refresh', { json: { refresh_token: session.refresh_token } })
    expect(problemOf(refreshed)).toEqual(INVALID)
    expect(problemOf(await logInWith(email, PASSWORD))).toEqual(INVALID)
    expect(await logInWith(email, NEW_PASSWORD)).toMatchObject({ status: 200, body: { user: { is_verified: true } } })
  })

  it('takes the key of older clients', async () => {
    const { email, token } = await createForgetful()
    const answer = await call('/auth/reset-password', { json: { token, newPassword: NEW_PASSWORD } })
    expect(answer.status).toBe(200)
    expect((await logInWith(email, NEW_PASSWORD)).status).toBe(200)
  })

  it('takes a token once, also of many at once', async () => {
    const { token } = await createForgetful()
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => reset(token, `securepassword${index}`)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(problemOf(answer)).toMatchObject(BAD_TOKEN)
    }
    expect(problemOf(await reset(token))).toMatchObject(BAD_TOKEN)
  })

  it('takes the latest token alone', async () => {
    const { email, token } = await createForgetful()
    await forgot(email)
    const second = await tokenTo(email, '/reset-password', 2)
    expect(problemOf(await reset(token))).toMatchObject(BAD_TOKEN)
    expect((await reset(second)).status).toBe(200)
  })

  it('takes none that has expired, is of another purpose, of another address or of nobody', async () => {
    const { id, email, token } = await createForgetful(registerAccount)
    const verification = await tokenTo(email, '/verify-email')
    const session = await createSession()
    for (const bad of [verification, session.access_token, session.refresh_token, 'x', `ott_${'A'.repeat(43)}`]) {
      expect(problemOf(await reset(bad))).toMatchObject(BAD_TOKEN)
    }
    const isThis = eq(oneTimeTokens.user_id, id)
    await db.update(oneTimeTokens).set({ email: newEmail() }).where(isThis)
    expect(problemOf(await reset(token))).toMatchObject(BAD_TOKEN)
    await db.update(oneTimeTokens).set({ email, used_at: null, expires_at: new Date() }).where(isThis)
    expect(problemOf(await reset(token))).toMatchObject(BAD_TOKEN)
    expect((await logInWith(email, PASSWORD)).status).toBe(200)
  })

  it('leaves no session to a login that is under way', async () => {
    const { email, token } = await createForgetful()
    const [login] = await Promise.all([logInWith(email, PASSWORD), reset(token)])
    // Either it came too late for a session, or its session has ended.
    const access = (login.body as { access_token?: string }).access_token ?? 'none'
    expect(problemOf(await call('/auth/me', { token: access }))).toEqual(INVALID)
    expect((await logInWith(email, NEW_PASSWORD)).status).toBe(200)
  })

  it.each([
    [{ token: 'x' }, ['/new_password']],
    [{ token: 'x', new_password: NEW_PASSWORD, newPassword: NEW_PASSWORD }, ['/new_password']],
    [{ token: 'x', new_password: 'short' }, ['/new_password']],
    [{ new_password: NEW_PASSWORD }, ['/token']],
    [{ token: 'x', new_password: NEW_PASSWORD, role: 'admin', email: 'a@example.com' }, ['/role', '/email']],
  ])('refuses %j', async (json, pointers) => {
    expect(problemOf(await call('/auth/reset-password', { json }))).toMatchObject({ status: 422, pointers })
  })
})

describe('a verified address', () => {
  it('comes of the link that registering mails, once', async () => {
    const { email } = await registerAccount()
    const token = await tokenTo(email, '/verify-email')
    const json = { token }
    const answers = await Promise.all([1, 2, 3].map(() => call('/auth/verify-email', { json })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400])
    expect((await logIn(email)).user.is_verified).toBe(true)
  })

  it('comes of no link for a new password, nor of an old one', async () => {
    const { email, token } = await createForgetful(registerAccount)
    expect(problemOf(await call('/auth/verify-email', { json: { token } }))).toMatchObject(BAD_TOKEN)
    const first = await tokenTo(email, '/verify-email')
    const { access_token } = await logIn(email)
    expect((await call('/auth/resend-verification', { method: 'POST', token: access_token })).status).toBe(200)
    const second = await tokenTo(email, '/verify-email', 2)
    expect(problemOf(await call('/auth/verify-email', { json: { token: first } }))).toMatchObject(BAD_TOKEN)
    expect((await call('/auth/verify-email', { json: { token: second } })).status).toBe(200)
    // Nothing to send any more.
    expect((await call('/auth/resend-verification', { method: 'POST', token: access_token })).status).toBe(200)
    expect(await linksTo(email, '/verify-email', 2)).toHaveLength(2)
  })

  it('can be asked for five times an hour', async () => {
    const { email } = await registerAccount()
    await tokenTo(email, '/verify-email')
    const { access_token: token } = await logIn(email)
    const resend = () => call('/auth/resend-verification', { method: 'POST', token })
    for (let asked = 1; asked < 5; asked += 1) expect((await resend()).status).toBe(200)
    const refused = await resend()
    expect(problemOf(refused)).toMatchObject({ status: 429, code: 'too_many_attempts' })
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(3500)
    await vi.waitFor(async () => expect(await linksTo(email, '/verify-email')).toHaveLength(5), 10_000)
  })
})
