import { beforeAll, describe, expect, it } from 'vitest'
import { call, problemOf } from './api.ts'
import { createSession } from '#tests/worker/support/accounts'

let token: string

beforeAll(async () => {
  token = (await createSession()).access_token
})

describe.each(['/auth/me', '/users/me'])('%s', (path) => {
  it('answers the caller, also with a trailing slash', async () => {
    expect(await call(path, { token })).toMatchObject({
      status: 200,
      body: { first_name: 'Ana', role: expect.any(String) },
    })
    expect((await call(`${path}/`, { token })).status).toBe(200)
  })

  it.each(['PUT', 'PATCH'])('changes by %s what is sent, and that alone', async (method) => {
    const username = `ana-${crypto.randomUUID().slice(0, 8)}`
    const json = { full_name: 'Bia Souza', username, avatar_url: 'https://example.com/a.png' }
    const first = await call(path, { method, token, json })
    expect(first).toMatchObject({ status: 200, body: { ...json, name: 'Bia Souza', last_name: 'Souza' } })
    const second = await call(path, { method, token, json: { last_name: 'Lima', avatar_url: null } })
    expect(second.body).toMatchObject({ name: 'Bia Lima', username, avatar_url: null })
    expect((await call(path, { token })).body).toEqual(second.body)
    expect((await call(path, { method, token, json: {} })).body).toEqual(second.body)
    await call(path, { method, token, json: { name: 'Ana Silva', username: null } })
  })

  it.each([
    [{ role: 'admin' }, ['/role']],
    [
      { id: 'x', email: 'x@example.com', is_active: true, is_verified: true },
      ['/id', '/email', '/is_active', '/is_verified'],
    ],
    [{ password: 'securepassword2' }, ['/password']],
    [{ first_name: 'A\0' }, ['/first_name']],
    [{ avatar_url: 'javascript:alert(1)' }, ['/avatar_url']],
  ])('refuses %j', async (json, pointers) => {
    const answer = await call(path, { method: 'PATCH', token, json })
    expect(problemOf(answer)).toMatchObject({ status: 422, pointers })
  })

  it('refuses a taken username, in whatever case', async () => {
    const username = `Bia_${crypto.randomUUID().slice(0, 8)}`
    const other = await createSession()
    await call(path, { method: 'PATCH', token: other.access_token, json: { username } })
    const answer = await call(path, { method: 'PATCH', token, json: { username: username.toLowerCase() } })
    expect(problemOf(answer)).toMatchObject({ status: 409, code: 'username_taken' })
    const own = await call(path, {
      method: 'PATCH',
      token: other.access_token,
      json: { username: username.toUpperCase() },
    })
    expect(own.status).toBe(200)
  })
})
