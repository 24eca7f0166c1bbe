import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { ApiKey } from '#core/api-keys/api-key'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { call, INVALID, NOT_AUTHENTICATED, problemOf } from '#tests/worker/auth/api'
import { createKey, createPerson, join, type Person, setKey } from './support.ts'

const READ = ['workflows:read'] as const

let ana: Person
beforeAll(async () => {
  ana = await createPerson()
})

const withKey = (key: string, path = '/workflows', headers: Record<string, string> = {}) =>
  call(path, { headers: { 'X-API-Key': key, ...headers } })

describe('a key', () => {
  it('comes as a bearer token or in X-API-Key', async () => {
    const { key } = await createKey(ana.token, READ)
    expect((await call('/workflows', { token: key })).status).toBe(200)
    expect((await withKey(key)).status).toBe(200)
    // An Authorization of another scheme belongs to somebody else on the way.
    expect((await withKey(key, '/workflows', { Authorization: 'Basic dTpw' })).status).toBe(200)
  })

  it('gives way to a bearer token beside it', async () => {
    const { key } = await createKey(ana.token, READ)
    const stranger = await createPerson()
    const me = await call('/auth/me', { token: stranger.token, headers: { 'X-API-Key': key } })
    expect(me.body).toMatchObject({ id: stranger.id })
    expect(problemOf(await call('/workflows', { token: 'x', headers: { 'X-API-Key': key } }))).toEqual(INVALID)
  })

  it('does what its scopes say and nothing else', async () => {
    const { key } = await createKey(ana.token, READ)
    const created = await call('/workflows', { token: key, json: { name: 'x' } })
    expect(problemOf(created)).toMatchObject({ status: 403, code: 'insufficient_scope' })
    expect(problemOf(created).detail).toContain('workflows:write')
    expect(problemOf(await call('/auth/me', { token: key })).code).toBe('insufficient_scope')
    const writer = await createKey(ana.token, ['workflows:write', 'account:read'])
    expect((await call('/workflows', { token: writer.key, json: { name: 'x' } })).status).toBe(201)
    expect((await call('/auth/me', { token: writer.key })).body).toMatchObject({ id: ana.id })
  })

  it('never opens the account’s own doors', async () => {
    const { scopes } = await createKey(ana.token, ['account:read'])
    expect(scopes).toEqual(['account:read'])
    const { key } = await createKey(ana.token, ['account:read'])
    for (const [method, path] of [
      ['GET', '/auth/sessions'],
      ['POST', '/auth/logout-all'],
      ['PATCH', '/auth/me'],
      ['DELETE', '/auth/account'],
      ['POST', '/auth/change-password'],
    ] as const) {
      const answer = await call(path, { method, token: key })
      expect(problemOf(answer), path).toMatchObject({ status: 403, code: 'session_required' })
    }
  })

  it('that is bad, mistyped or expired is refused alike, and says how to come in', async () => {
    const made = await createKey(ana.token, READ, { expires_in_days: 1 })
    await setKey(made.id, { expires_at: new Date(Date.now() - 1) })
    const typo = made.key.slice(0, -1) + (made.key.endsWith('a') ? 'b' : 'a')
    for (const bad of [made.key, typo, 'sk_', 'x', `sk_${'0'.repeat(49)}`]) {
      const answer = await withKey(bad)
      expect(problemOf(answer), bad).toEqual(INVALID)
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer')
    }
    expect(problemOf(await withKey(''))).toEqual(NOT_AUTHENTICATED)
  })

  it('stops at once when it is revoked', async () => {
    const { id, key } = await createKey(ana.token, READ)
    expect((await withKey(key)).status).toBe(200)
    await call(`/api-keys/${id}`, { method: 'DELETE', token: ana.token })
    expect(problemOf(await withKey(key))).toEqual(INVALID)
  })

  it('may revoke itself where it has the scope', async () => {
    const { id, key } = await createKey(ana.token, ['api_keys:write'])
    expect((await call(`/api-keys/${id}`, { method: 'DELETE', token: key })).status).toBe(204)
    expect(problemOf(await withKey(key))).toEqual(INVALID)
  })
})

describe('a key acts in its own workspace', () => {
  it('and knows no other, not even another of its owner’s', async () => {
    const eva = await createPerson()
    await join(eva, ana.workspaceId, 'editor')
    const headers = { 'X-Workspace-Id': ana.workspaceId }
    const { key } = await createKey(eva.token, ['workflows:read', 'workflows:write'], { headers })
    const made = await call('/workflows', { token: key, json: { name: 'dela' } })
    expect(made.body).toMatchObject({ workspace_id: ana.workspaceId })
    expect((await withKey(key, '/workflows', headers)).status).toBe(200)
    expect((await withKey(key, '/workflows', { 'X-Workspace-Id': ana.workspaceId.toUpperCase() })).status).toBe(200)
    for (const other of [eva.workspaceId, newId(), 'x'])
      expect((await withKey(key, '/workflows', { 'X-Workspace-Id': other })).status, other).toBe(404)
  })

  it('with the role that its owner has there now', async () => {
    const eva = await createPerson()
    await join(eva, ana.workspaceId, 'editor')
    const headers = { 'X-Workspace-Id': ana.workspaceId }
    const { key } = await createKey(eva.token, ['workflows:read', 'workflows:write'], { headers })
    await join(eva, ana.workspaceId, 'viewer')
    expect((await withKey(key)).status).toBe(200)
    expect(problemOf(await call('/workflows', { token: key, json: { name: 'x' } })).code).toBe('forbidden')
    const db = connect(env)
    const { workspaceMembers: members } = db.tables
    await db.delete(members).where(and(eq(members.workspace_id, ana.workspaceId), eq(members.user_id, eva.id)))
    expect(problemOf(await withKey(key))).toEqual(INVALID)
  })

  it('until the account is deactivated or deleted', async () => {
    const eva = await createPerson()
    const { key } = await createKey(eva.token, READ)
    const db = connect(env)
    const setActive = (is_active: boolean) =>
      db.update(db.tables.users).set({ is_active }).where(eq(db.tables.users.id, eva.id))
    await setActive(false)
    expect(problemOf(await withKey(key))).toEqual(INVALID)
    await setActive(true)
    expect((await withKey(key)).status).toBe(200)
    await call('/auth/account', { method: 'DELETE', token: eva.token, json: { password: 'securepassword' } })
    expect(problemOf(await withKey(key))).toEqual(INVALID)
  })
})

describe('last_used_at', () => {
  const read = async (id: string) => ApiKey.parse((await call(`/api-keys/${id}`, { token: ana.token })).body)

  it('tells of the last minute’s use and is written once in it', async () => {
    const { id, key } = await createKey(ana.token, READ)
    await withKey(key)
    await expect.poll(async () => (await read(id)).last_used_at, { timeout: 5_000 }).not.toBeNull()
    const now = Date.now()
    const recent = new Date(now - 30_000)
    await setKey(id, { last_used_at: recent })
    const long = await createKey(ana.token, READ)
    await setKey(long.id, { last_used_at: new Date(now - 61_000) })
    await Promise.all([withKey(key), withKey(long.key)])
    await expect
      .poll(async () => Date.parse((await read(long.id)).last_used_at ?? ''), { timeout: 5_000 })
      .toBeGreaterThanOrEqual(now)
    expect((await read(id)).last_used_at).toBe(recent.toISOString())
  })
})
