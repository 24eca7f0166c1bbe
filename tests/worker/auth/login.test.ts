import { scryptSync } from 'node:crypto'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { connect } from '#db/connect'
import { call, INVALID, problemOf, type Call } from './api.ts'
import { createAccount, newEmail, PASSWORD } from '#tests/worker/support/accounts'

let email: string

beforeAll(async () => {
  email = (await createAccount()).email
})

const OAUTH = { scope: '', client_id: '', client_secret: '' }

function formData(fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}

describe('POST /auth/login', () => {
  it.each<[string, () => Call]>([
    ['JSON', () => ({ json: { email, password: PASSWORD } })],
    ['JSON with another case', () => ({ json: { email: ` ${email.toUpperCase()}`, password: PASSWORD } })],
    ['an urlencoded form', () => ({ body: new URLSearchParams({ username: email, password: PASSWORD }) })],
    [
      'an urlencoded form of Swagger UI',
      () => ({ body: new URLSearchParams({ grant_type: 'password', username: email, password: PASSWORD, ...OAUTH }) }),
    ],
    ['a multipart form', () => ({ body: formData({ username: email, password: PASSWORD, ...OAUTH }) })],
  ])('takes %s', async (_, request) => {
    const { status, body } = await call('/auth/login', request())
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refresh_token: expect.stringMatching(/^rt_[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 1800,
      user: expect.objectContaining({ email, name: 'Ana Silva' }),
    })
  })

  it.each<[string, () => object]>([
    ['a wrong password', () => ({ email, password: `${PASSWORD}!` })],
    ['an unknown address', () => ({ email: newEmail(), password: PASSWORD })],
    ['what is no address', () => ({ email: 'ana', password: PASSWORD })],
    ['another spelling of the address', () => ({ email: email.replace('@', '+x@'), password: PASSWORD })],
  ])('answers alike to %s', async (_, json) => {
    const answer = await call('/auth/login', { json: json() })
    expect(problemOf(answer)).toEqual(INVALID)
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer')
  })

  it.each<[object, string[]]>([
    [{}, ['/password']],
    [{ password: PASSWORD }, ['/email']],
    [{ email: 'a@example.com', password: PASSWORD, role: 'admin' }, ['/role']],
    [{ email: 'a\0@example.com', password: PASSWORD }, ['/email']],
    [{ email: { $ne: '' }, password: PASSWORD }, ['/email']],
    [{ email: 'a@example.com', password: ['x'] }, ['/password']],
  ])('refuses %j', async (json, pointers) => {
    expect(problemOf(await call('/auth/login', { json }))).toMatchObject({ status: 422, pointers })
  })

  it('refuses a file in the place of a field', async () => {
    const form = formData({ username: email })
    form.set('password', new File(['x'], 'x.txt'))
    expect((await call('/auth/login', { body: form })).status).toBe(422)
  })

  it('refuses other content types, and bodies without end', async () => {
    const xml = await call('/auth/login', { body: '<x/>', headers: { 'Content-Type': 'text/xml' } })
    expect(xml.status).toBe(415)
    const long = new URLSearchParams({ username: email, password: 'x'.repeat(2 ** 20) })
    expect((await call('/auth/login', { body: long })).status).toBe(413)
  })

  it('hashes anew what was hashed with other parameters', async () => {
    const account = await createAccount()
    const db = connect(env)
    const { users } = db.tables
    const isAccount = eq(users.id, account.id)
    const salt = Buffer.alloc(16, 1)
    const hash = scryptSync(PASSWORD, salt, 32, { N: 2 ** 12, r: 8, p: 1 })
    const [weakSalt, weakHash] = [salt, hash].map((bytes) => bytes.toString('base64').replaceAll('=', ''))
    const weak = `$scrypt$ln=12,r=8,p=1$${weakSalt}$${weakHash}`
    await db.update(users).set({ password_hash: weak }).where(isAccount)

    const wrong = await call('/auth/login', { json: { email: account.email, password: 'wrong password' } })
    expect(problemOf(wrong)).toEqual(INVALID)
    expect(await db.select({ hash: users.password_hash }).from(users).where(isAccount)).toEqual([{ hash: weak }])
    expect((await call('/auth/login', { json: { email: account.email, password: PASSWORD } })).status).toBe(200)
    const [stored] = await db.select({ hash: users.password_hash }).from(users).where(isAccount)
    expect(stored?.hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/)
    expect((await call('/auth/login', { json: { email: account.email, password: PASSWORD } })).status).toBe(200)
  })

  it.each(['$2a$', '$2b$', '$2y$'])('takes %s of the former backend, and hashes it anew', async (kind) => {
    const account = await createAccount()
    const db = connect(env)
    const { users } = db.tables
    const isAccount = eq(users.id, account.id)
    const former = `${kind}12$abcdefghijklmnopqrstuusAuol9gqfrRL8IZpki0Qga.hJBVmkWq`
    await db.update(users).set({ password_hash: former }).where(isAccount)
    const wrong = await call('/auth/login', { json: { email: account.email, password: `${PASSWORD}!` } })
    expect(problemOf(wrong)).toEqual(INVALID)
    // Both may find the former hash; both are let in, and one new hash stays.
    const json = { email: account.email, password: PASSWORD }
    const answers = await Promise.all([1, 2].map(() => call('/auth/login', { json })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const [stored] = await db.select({ hash: users.password_hash }).from(users).where(isAccount)
    expect(stored?.hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/)
    expect((await call('/auth/login', { json })).status).toBe(200)
  })

  it('turns a flood away with 503, and serves the next', async () => {
    const json = { email, password: PASSWORD }
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('/auth/login', { json })))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(20)
    for (const answer of refused) {
      // On a slow machine the hashing holds the one thread for so long that the database seems away to some.
      expect(problemOf(answer)).toMatchObject({
        status: 503,
        code: expect.stringMatching(/^(busy|database_unavailable)$/),
      })
      expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]/)
    }
    expect((await call('/auth/login', { json })).status).toBe(200)
  })
})
