import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Session } from '#core/auth/session'
import { newId } from '#lib/ids'
import { pageOf } from '#tests/worker/support/api'
import { call, INVALID, logIn, problemOf } from './api.ts'
import { createAccount, createSession, PASSWORD } from '#tests/worker/support/accounts'

const NOT_FOUND = { status: 404, code: 'not_found' }
const SessionPage = pageOf(z.strictObject(Session.shape))

async function list(token: string, query = '') {
  return SessionPage.parse((await call(`/auth/sessions${query}`, { token })).body)
}

function end(token: string, id: string) {
  return call(`/auth/sessions/${id}`, { method: 'DELETE', token })
}

describe('GET /auth/sessions', () => {
  it('lists where the caller is logged in, newest first, and nobody else', async () => {
    const { email } = await createAccount()
    await createSession()
    const first = await logIn(email)
    const headers = { 'User-Agent': 'Navegador/1.0' }
    await call('/auth/login', { json: { email, password: PASSWORD }, headers })
    const page = await list(first.access_token)
    expect(page).toMatchObject({ total: 2, pages: 1 })
    expect(page.items.map(({ current }) => current)).toEqual([false, true])
    expect(page.items[0]).toMatchObject({ user_agent: 'Navegador/1.0' })
    expect(await list(first.access_token, '?size=1&page=2')).toMatchObject({ items: [page.items[1]], pages: 2 })
  })

  it('leaves out what has ended', async () => {
    const { email } = await createAccount()
    const [a, b] = [await logIn(email), await logIn(email)]
    await call('/auth/logout', { method: 'POST', token: b.access_token })
    expect((await list(a.access_token)).items).toMatchObject([{ current: true }])
  })
})

describe('DELETE /auth/sessions/{id}', () => {
  it('ends one session at once, and no other', async () => {
    const { email } = await createAccount()
    const [a, b] = [await logIn(email), await logIn(email)]
    const other = (await list(a.access_token)).items.find(({ current }) => !current)
    expect((await end(a.access_token, other?.id ?? '')).status).toBe(204)
    expect(problemOf(await call('/auth/me', { token: b.access_token }))).toEqual(INVALID)
    expect(problemOf(await call('/auth/refresh', { json: { refresh_token: b.refresh_token } }))).toEqual(INVALID)
    expect((await call('/auth/me', { token: a.access_token })).status).toBe(200)
    expect(problemOf(await end(a.access_token, other?.id ?? ''))).toMatchObject(NOT_FOUND)
  })

  it('ends the own session too', async () => {
    const { access_token } = await createSession()
    const [own] = (await list(access_token)).items
    expect((await end(access_token, own?.id ?? '')).status).toBe(204)
    expect(problemOf(await call('/auth/me', { token: access_token }))).toEqual(INVALID)
  })

  it('knows neither somebody else’s session nor one that never was', async () => {
    const [ana, eva] = [await createSession(), await createSession()]
    const [own] = (await list(ana.access_token)).items
    for (const id of [own?.id ?? '', newId()])
      expect(problemOf(await end(eva.access_token, id))).toMatchObject(NOT_FOUND)
    expect((await call('/auth/me', { token: ana.access_token })).status).toBe(200)
    expect((await end(eva.access_token, 'x')).status).toBe(422)
  })
})
