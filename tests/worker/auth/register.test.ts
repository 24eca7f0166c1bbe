import { describe, expect, it } from 'vitest'
import { call, problemOf } from './api.ts'
import { newEmail, PASSWORD } from '#tests/worker/support/accounts'

const USER_KEYS = [
  'avatar_url',
  'created_at',
  'email',
  'first_name',
  'full_name',
  'id',
  'is_active',
  'is_verified',
  'last_name',
  'name',
  'role',
  'updated_at',
  'username',
]

function post(json: unknown) {
  return call('/auth/register', { json })
}

describe('POST /auth/register', () => {
  it.each([
    { name: 'Ana Maria Silva' },
    { full_name: 'Ana Maria Silva' },
    { first_name: 'Ana', last_name: 'Maria Silva' },
  ])('takes %j and answers the user, and nothing besides', async (names) => {
    const email = newEmail()
    const { status, body } = await post({ email, password: PASSWORD, ...names })
    expect(status).toBe(201)
    expect(Object.keys(body as object).toSorted()).toEqual(USER_KEYS)
    expect(body).toMatchObject({
      email,
      name: 'Ana Maria Silva',
      full_name: 'Ana Maria Silva',
      first_name: 'Ana',
      last_name: 'Maria Silva',
      username: null,
      avatar_url: null,
      is_active: true,
      is_verified: false,
    })
  })

  it('takes an address once, in whatever case and between whatever spaces', async () => {
    const email = newEmail()
    const first = await post({ email: ` ${email.toUpperCase()} `, password: PASSWORD, name: 'Ana' })
    expect(first.body).toMatchObject({ email })
    expect(problemOf(await post({ email, password: PASSWORD, name: 'Bia' }))).toMatchObject({
      status: 409,
      code: 'email_taken',
    })
  })

  it('takes a username once, in whatever case, and leaves nothing of who came second', async () => {
    const username = `ana.${crypto.randomUUID().slice(0, 8)}`
    const email = newEmail()
    const first = await post({ email: newEmail(), password: PASSWORD, full_name: 'Ana', username })
    expect(first.body).toMatchObject({ username })
    const second = { email, password: PASSWORD, full_name: 'Bia', username: username.toUpperCase() }
    expect(problemOf(await post(second))).toMatchObject({ status: 409, code: 'username_taken' })
    expect((await post({ email, password: PASSWORD, full_name: 'Bia' })).status).toBe(201)
  })

  it.each([
    [{ role: 'admin' }, ['/role']],
    [{ is_verified: true, password_hash: 'x' }, ['/is_verified', '/password_hash']],
    [{ password: 'a'.repeat(129) }, ['/password']],
    [{ password: 'a'.repeat(7) }, ['/password']],
    [{ password: `${PASSWORD}\0` }, ['/password']],
    [{ email: 'ana' }, ['/email']],
    [{ email: 'ana\0@example.com' }, ['/email']],
    [{ email: undefined }, ['/email']],
    [{ name: 'Ana\0' }, ['/name']],
    [{ name: undefined }, ['/name']],
    [{ full_name: 'Bia' }, ['/name']],
    [{ username: 'ana@example.com' }, ['/username']],
  ])('refuses %j', async (change, pointers) => {
    const answer = await post({ email: newEmail(), password: PASSWORD, name: 'Ana', ...change })
    expect(problemOf(answer)).toMatchObject({ status: 422, code: 'validation_failed', pointers })
  })

  it.each(['[]', 'null', '"x"', '1'])('refuses %s', async (body) => {
    const answer = await call('/auth/register', { body, headers: { 'Content-Type': 'application/json' } })
    expect(answer.status).toBe(422)
  })

  it('takes 128 characters', async () => {
    expect((await post({ email: newEmail(), password: 'é'.repeat(128), name: 'Ana' })).status).toBe(201)
  })

  it('lets one of many with the same address through', async () => {
    const email = newEmail()
    const answers = await Promise.all([1, 2, 3, 4].map(() => post({ email, password: PASSWORD, name: 'Ana' })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409])
  })
})
