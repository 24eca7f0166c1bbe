import { describe, expect, it } from 'vitest'
import { call, INVALID, logIn, problemOf } from './api.ts'
import { createAccount, PASSWORD } from '#tests/worker/support/accounts'

const NEW_PASSWORD = 'another securepassword'
const WRONG = { status: 403, code: 'wrong_password' }

function change(token: string, json: object) {
  return call('/auth/change-password', { token, json })
}

async function statusOfMe(token: string): Promise<number> {
  return (await call('/auth/me', { token })).status
}

describe('POST /auth/change-password', () => {
  it('changes the password, ends all other sessions and leaves this one', async () => {
    const { email } = await createAccount()
    const [here, there] = [await logIn(email), await logIn(email)]
    const answer = await change(here.access_token, { current_password: PASSWORD, new_password: NEW_PASSWORD })
    expect(answer).toMatchObject({ status: 200, body: { message: expect.any(String) } })
    expect([await statusOfMe(here.access_token), await statusOfMe(there.access_token)]).toEqual([200, 401])
    const refresh = (refresh_token: string) => call('/auth/refresh', { json: { refresh_token } })
    expect(problemOf(await refresh(there.refresh_token))).toEqual(INVALID)
    expect((await refresh(here.refresh_token)).status).toBe(200)
    expect(problemOf(await call('/auth/login', { json: { email, password: PASSWORD } }))).toEqual(INVALID)
    expect((await call('/auth/login', { json: { email, password: NEW_PASSWORD } })).status).toBe(200)
  })

  it.each<[string, (fields: Record<string, string>) => Parameters<typeof call>[1]]>([
    ['in camel case', ({ current = '', chosen = '' }) => ({ json: { currentPassword: current, newPassword: chosen } })],
    [
      'as a form',
      ({ current = '', chosen = '' }) => ({
        body: new URLSearchParams({ current_password: current, new_password: chosen }),
      }),
    ],
  ])('takes it %s', async (_, toCall) => {
    const { email } = await createAccount()
    const { access_token: token } = await logIn(email)
    const sent = toCall({ current: PASSWORD, chosen: NEW_PASSWORD })
    expect((await call('/auth/change-password', { token, ...sent })).status).toBe(200)
    expect((await call('/auth/login', { json: { email, password: NEW_PASSWORD } })).status).toBe(200)
  })

  it('refuses a wrong current password, and ends nothing', async () => {
    const { email } = await createAccount()
    const [here, there] = [await logIn(email), await logIn(email)]
    const answer = await change(here.access_token, { current_password: 'wrong password', new_password: NEW_PASSWORD })
    expect(problemOf(answer)).toMatchObject(WRONG)
    expect([await statusOfMe(here.access_token), await statusOfMe(there.access_token)]).toEqual([200, 200])
    expect((await call('/auth/login', { json: { email, password: PASSWORD } })).status).toBe(200)
  })

  it('lets one of several at once win', async () => {
    const { email } = await createAccount()
    const { access_token: token } = await logIn(email)
    const chosen = [1, 2, 3].map((index) => `securepassword${index}`)
    const answers = await Promise.all(
      chosen.map((new_password) => change(token, { current_password: PASSWORD, new_password })),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403, 403])
    const winner = chosen[answers.findIndex(({ status }) => status === 200)]
    expect((await call('/auth/login', { json: { email, password: winner } })).status).toBe(200)
  })

  it.each([
    [{}, ['/current_password', '/new_password']],
    [{ current_password: PASSWORD, new_password: 'short' }, ['/new_password']],
    [{ current_password: PASSWORD, currentPassword: PASSWORD, new_password: NEW_PASSWORD }, ['/current_password']],
    [{ current_password: PASSWORD, new_password: NEW_PASSWORD, user_id: 'x', role: 'admin' }, ['/user_id', '/role']],
  ])('refuses %j', async (json, pointers) => {
    const { access_token } = await logIn((await createAccount()).email)
    expect(problemOf(await change(access_token, json))).toMatchObject({ status: 422, pointers })
  })
})
