import { beforeAll, describe, expect, it } from 'vitest'
import { TokenPair } from '#core/auth/login'
import { call, INVALID, logIn, problemOf } from './api.ts'
import { createAccount, createSession } from '#tests/worker/support/accounts'

let email: string

beforeAll(async () => {
  email = (await createAccount()).email
})

function refresh(refresh_token: string) {
  return call('/auth/refresh', { json: { refresh_token } })
}

async function statusOfMe(token: string): Promise<number> {
  return (await call('/auth/me', { token })).status
}

describe('POST /auth/refresh', () => {
  it('answers a new pair, and both access tokens go on', async () => {
    const first = await logIn(email)
    const answer = await refresh(first.refresh_token)
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body as object).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'refresh_token',
      'token_type',
    ])
    const second = TokenPair.parse(answer.body)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await statusOfMe(first.access_token)).toBe(200)
    expect(await statusOfMe(second.access_token)).toBe(200)
    const third = TokenPair.parse((await refresh(second.refresh_token)).body)
    expect(await statusOfMe(third.access_token)).toBe(200)
  })

  it('ends the whole session when a spent token comes again, and no other session', async () => {
    const other = await logIn(email)
    const first = await logIn(email)
    const second = TokenPair.parse((await refresh(first.refresh_token)).body)
    expect(problemOf(await refresh(first.refresh_token))).toEqual(INVALID)
    expect(problemOf(await refresh(second.refresh_token))).toEqual(INVALID)
    expect(await statusOfMe(first.access_token)).toBe(401)
    expect(await statusOfMe(second.access_token)).toBe(401)
    expect(await statusOfMe(other.access_token)).toBe(200)
    expect((await refresh(other.refresh_token)).status).toBe(200)
  })

  it('lets one of many at once win, and takes the others for thieves', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { refresh_token, access_token } = await logIn(email)
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)))
      const [winner, ...more] = answers.filter(({ status }) => status === 200)
      expect(more).toEqual([])
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(7)
      const pair = TokenPair.parse(winner?.body)
      expect(await statusOfMe(access_token)).toBe(401)
      expect(await statusOfMe(pair.access_token)).toBe(401)
      expect(problemOf(await refresh(pair.refresh_token))).toEqual(INVALID)
    }
  })

  it('knows no token that is none', async () => {
    const { access_token } = await createSession()
    for (const token of ['x', `rt_${'A'.repeat(43)}`, access_token, "' or true --"]) {
      expect(problemOf(await refresh(token))).toEqual(INVALID)
    }
  })

  it.each([
    {},
    { refresh_token: '' },
    { refresh_token: null },
    { refresh_token: 'x', user_id: 'x' },
    { refresh_token: 'x\0' },
  ])('refuses %j', async (json) => {
    expect((await call('/auth/refresh', { json })).status).toBe(422)
  })
})
