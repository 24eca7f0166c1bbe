import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { signAccessToken } from '#auth/access-token'
import { signTicket } from '#auth/tickets'
import { readConfig } from '#config'
import { TokenPair } from '#core/auth/login'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { call, INVALID, logIn, NOT_AUTHENTICATED, problemOf } from './api.ts'
import { createAccount, createSession } from '#tests/worker/support/accounts'

const config = readConfig(env)
const HOUR_MS = 60 * 60 * 1000

/** What an access token names. */
function sessionOf(token: string): { userId: string; sessionId: string } {
  const { sub, sid } = decodeJwt(token)
  return { userId: String(sub), sessionId: String(sid) }
}

async function me(token: string, headers: Record<string, string> = {}) {
  return call('/auth/me', { token, headers })
}

describe('access tokens', () => {
  it('are needed', async () => {
    const answer = await call('/auth/me')
    expect(problemOf(answer)).toEqual(NOT_AUTHENTICATED)
    expect(problemOf(await call('/auth/me', { headers: { Authorization: 'Basic YTpi' } }))).toEqual(NOT_AUTHENTICATED)
  })

  it('are refused when forged, unsigned, expired, of another kind or of nobody', async () => {
    const { access_token, refresh_token } = await createSession()
    const session = sessionOf(access_token)
    const claims = decodeJwt(access_token)
    const now = Date.now()
    const [header, , signature] = access_token.split('.')
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: newId() })).toString('base64url')
    const ticket = { ...session, workspaceId: newId(), isApiKey: false, resource: 'execution' as const, id: newId() }
    const stranger = new TextEncoder().encode('x'.repeat(32))
    const bad = [
      'x',
      'a.b.c',
      refresh_token,
      [header, changed, signature].join('.'),
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(stranger),
      await signAccessToken(config, session, now - HOUR_MS),
      await signTicket(config, { ...ticket, socketEndsAt: now + HOUR_MS }, now),
      await signAccessToken(config, { userId: session.userId, sessionId: newId() }, now),
      await signAccessToken(config, { userId: newId(), sessionId: session.sessionId }, now),
    ]
    for (const token of bad) expect(problemOf(await me(token))).toEqual(INVALID)
    expect((await me(access_token)).status).toBe(200)
    expect((await me(await signAccessToken(config, session, now))).status).toBe(200)
  })

  it('are refused when the account is closed', async () => {
    const { access_token, refresh_token, user } = await createSession()
    const db = connect(env)
    await db.update(db.tables.users).set({ is_active: false }).where(eq(db.tables.users.id, user.id))
    expect(problemOf(await me(access_token))).toEqual(INVALID)
    expect(problemOf(await call('/auth/refresh', { json: { refresh_token } }))).toEqual(INVALID)
    const again = await call('/auth/login', { json: { email: user.email, password: 'securepassword' } })
    expect(problemOf(again)).toEqual(INVALID)
  })

  it('are refused when the session has run out', async () => {
    const { access_token, refresh_token } = await createSession()
    const db = connect(env)
    const { sessions } = db.tables
    await db
      .update(sessions)
      .set({ expires_at: new Date(Date.now() - 1) })
      .where(eq(sessions.id, sessionOf(access_token).sessionId))
    expect(problemOf(await me(access_token))).toEqual(INVALID)
    expect(problemOf(await call('/auth/refresh', { json: { refresh_token } }))).toEqual(INVALID)
  })
})

describe('X-Workspace-Id', () => {
  it('names a workspace of the caller, and the personal one by default', async () => {
    const { access_token, user } = await createSession()
    const db = connect(env)
    const { workspaces, workspaceMembers } = db.tables
    const [own] = await db.select().from(workspaces).where(eq(workspaces.personal_user_id, user.id))
    expect((await me(access_token, { 'X-Workspace-Id': own?.id ?? '' })).status).toBe(200)

    const { user: stranger } = await createSession()
    const [other] = await db.select().from(workspaces).where(eq(workspaces.personal_user_id, stranger.id))
    const inOther = { 'X-Workspace-Id': other?.id ?? '' }
    expect(problemOf(await me(access_token, inOther))).toMatchObject({ status: 404, code: 'not_found' })
    await db.insert(workspaceMembers).values({ workspace_id: other?.id ?? '', user_id: user.id, role: 'viewer' })
    expect((await me(access_token, inOther)).status).toBe(200)
  })

  it('is judged after the token', async () => {
    const { access_token } = await createSession()
    for (const id of [newId(), 'x', "' or true --"]) {
      expect(problemOf(await me(access_token, { 'X-Workspace-Id': id }))).toMatchObject({ status: 404 })
      expect(problemOf(await me('x', { 'X-Workspace-Id': id }))).toEqual(INVALID)
    }
  })
})

describe('POST /auth/logout', () => {
  it('takes effect at once, on this session alone', async () => {
    const { email } = await createAccount()
    const [gone, kept] = [await logIn(email), await logIn(email)]
    const answer = await call('/auth/logout', { method: 'POST', token: gone.access_token })
    expect(answer).toMatchObject({ status: 200, body: { message: 'Sessão encerrada.' } })
    expect(problemOf(await me(gone.access_token))).toEqual(INVALID)
    expect(problemOf(await call('/auth/refresh', { json: { refresh_token: gone.refresh_token } }))).toEqual(INVALID)
    expect((await me(kept.access_token)).status).toBe(200)
    expect(problemOf(await call('/auth/logout', { method: 'POST', token: gone.access_token }))).toEqual(INVALID)
  })

  it('also ends the session of the refresh token sent, unless it is somebody else’s', async () => {
    const { email } = await createAccount()
    const [here, there, stranger] = [await logIn(email), await logIn(email), await createSession()]
    const headers = { 'Accept-Language': 'en' }
    const json = { refresh_token: there.refresh_token }
    const answer = await call('/auth/logout', { token: here.access_token, json, headers })
    expect(answer).toMatchObject({ status: 200, body: { message: 'Logged out.' } })
    expect((await me(here.access_token)).status).toBe(401)
    expect((await me(there.access_token)).status).toBe(401)

    const thief = await logIn(email)
    await call('/auth/logout', { token: thief.access_token, json: { refresh_token: stranger.refresh_token } })
    expect((await me(thief.access_token)).status).toBe(401)
    expect((await me(stranger.access_token)).status).toBe(200)
  })

  it('is not outrun by a refresh at the same time', async () => {
    const { email } = await createAccount()
    for (let round = 0; round < 4; round += 1) {
      const { access_token, refresh_token } = await logIn(email)
      const [refreshed] = await Promise.all([
        call('/auth/refresh', { json: { refresh_token } }),
        call('/auth/logout', { method: 'POST', token: access_token }),
      ])
      expect((await me(access_token)).status).toBe(401)
      const pair = TokenPair.safeParse(refreshed.body)
      if (!pair.success) continue
      expect((await me(pair.data.access_token)).status).toBe(401)
      const next = await call('/auth/refresh', { json: { refresh_token: pair.data.refresh_token } })
      expect(problemOf(next)).toEqual(INVALID)
    }
  })

  it.each([{ session_id: 'x' }, { refresh_token: 7 }])('refuses %j', async (json) => {
    const { access_token } = await createSession()
    expect((await call('/auth/logout', { token: access_token, json })).status).toBe(422)
  })
})

describe('POST /auth/logout-all', () => {
  it('ends all sessions of the caller, and nobody else’s', async () => {
    const { email } = await createAccount()
    const [a, b, stranger] = [await logIn(email), await logIn(email), await createSession()]
    expect((await call('/auth/logout-all', { method: 'POST', token: a.access_token })).status).toBe(200)
    expect((await me(a.access_token)).status).toBe(401)
    expect((await me(b.access_token)).status).toBe(401)
    expect(problemOf(await call('/auth/refresh', { json: { refresh_token: b.refresh_token } }))).toEqual(INVALID)
    expect((await me(stranger.access_token)).status).toBe(200)
    expect((await me((await logIn(email)).access_token)).status).toBe(200)
  })
})
