import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { ApiKey, API_KEYS_MAX, NewApiKey, ScopeList } from '#core/api-keys/api-key'
import { SCOPES } from '#core/permissions'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { call, problemOf } from '#tests/worker/auth/api'
import { pageOf } from '#tests/worker/support/api'
import { createKey, createPerson, join, type Person, post } from './support.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const READ = ['workflows:read'] as const
const Page = pageOf(ApiKey)

let ana: Person
beforeAll(async () => {
  ana = await createPerson()
})

async function list(token: string, query = '', headers: Record<string, string> = {}) {
  return Page.parse((await call(`/api-keys${query}`, { token, headers })).body)
}

function change(token: string, id: string, json: object, headers: Record<string, string> = {}) {
  return call(`/api-keys/${id}`, { method: 'PATCH', token, json, headers })
}

describe('POST /api-keys', () => {
  it('shows the key once and stores its hash alone', async () => {
    const made = await createKey(ana.token, READ)
    expect(made.key).toMatch(/^sk_[0-9A-Za-z]{49}$/)
    expect(made).toMatchObject({ scopes: READ, workspace_id: ana.workspaceId, user_id: ana.id, last_used_at: null })
    expect(made).toMatchObject({ prefix: made.key.slice(0, 9), expires_at: null })
    const read = (await call(`/api-keys/${made.id}`, { token: ana.token })).body
    const { key, ...rest } = made
    expect(read).toEqual(rest)
    const db = connect(env)
    const [row] = await db.select().from(db.tables.apiKeys).where(eq(db.tables.apiKeys.id, made.id))
    expect(JSON.stringify(row)).not.toContain(key)
  })

  it('with an Idempotency-Key makes one key, and shows it to the first alone', async () => {
    const headers = { 'Idempotency-Key': newId() }
    const first = await createKey(ana.token, READ, { headers })
    const again = await post(ana.token, { scopes: READ }, headers)
    const { key, ...rest } = first
    expect(key).not.toBe('')
    expect(again).toMatchObject({ status: 201, body: rest })
    expect(again.body).not.toHaveProperty('key')
    expect(problemOf(await post(ana.token, { scopes: READ, name: 'other' }, headers))).toMatchObject({
      code: 'idempotency_key_reused',
    })
  })

  it('takes an end as a moment or in days', async () => {
    const { expires_at } = await createKey(ana.token, READ, { expires_in_days: 7 })
    expect(Math.abs(Date.parse(expires_at ?? '') - Date.now() - 7 * DAY_MS)).toBeLessThan(60_000)
    const at = new Date(Date.now() + DAY_MS)
    const local = at.toISOString().replace('Z', '+00:00')
    expect((await post(ana.token, { scopes: READ, expires_at: local })).body).toMatchObject({
      expires_at: at.toISOString(),
    })
  })

  it.each([
    [{}, ['/scopes']],
    [{ scopes: [] }, ['/scopes']],
    [{ scopes: ['account:write'] }, ['/scopes/0']],
    [{ scopes: READ, name: ' ' }, ['/name']],
    [{ scopes: READ, expires_in_days: 0 }, ['/expires_in_days']],
    [{ scopes: READ, expires_at: '2020-01-01T00:00:00Z' }, ['/expires_at']],
    [{ scopes: READ, expires_at: '2099-01-01T00:00:00Z', expires_in_days: 1 }, ['/expires_in_days']],
    [{ scopes: READ, user_id: newId() }, ['/user_id']],
    [{ scopes: READ, key_hash: 'x' }, ['/key_hash']],
  ])('refuses %j', async (json, pointers) => {
    expect(problemOf(await post(ana.token, json))).toMatchObject({ status: 422, pointers })
  })

  it(`stops at ${API_KEYS_MAX} for one person in a workspace`, async () => {
    const rui = await createPerson()
    const made = await Promise.all(Array.from({ length: API_KEYS_MAX }, () => post(rui.token, { scopes: READ })))
    expect(made.filter(({ status }) => status === 201)).toHaveLength(API_KEYS_MAX)
    expect(problemOf(await post(rui.token, { scopes: READ }))).toMatchObject({ status: 409, code: 'too_many_api_keys' })
    await call(`/api-keys/${NewApiKey.parse(made[0]?.body).id}`, { method: 'DELETE', token: rui.token })
    expect((await post(rui.token, { scopes: READ })).status).toBe(201)
  })
})

describe('scopes', () => {
  it('that one can give are told', async () => {
    const { scopes } = ScopeList.parse((await call('/api-keys/scopes', { token: ana.token })).body)
    expect(scopes).toEqual(SCOPES)
    const key = await createKey(ana.token, ['api_keys:read', 'workflows:read'])
    const own = await call('/api-keys/scopes', { token: key.key })
    expect(own.body).toEqual({ scopes: ['api_keys:read', 'workflows:read'] })
  })

  it('go no further than the role in the workspace', async () => {
    const eva = await createPerson()
    await join(eva, ana.workspaceId, 'viewer')
    const headers = { 'X-Workspace-Id': ana.workspaceId }
    expect((await post(eva.token, { scopes: READ }, headers)).status).toBe(201)
    const refused = await post(eva.token, { scopes: ['workflows:read', 'workflows:write'] }, headers)
    expect(problemOf(refused)).toMatchObject({ status: 403, code: 'scope_not_grantable' })
  })

  it('of a key made by a key go no further than its own, nor does its end', async () => {
    const parent = await createKey(ana.token, ['api_keys:write', 'workflows:read'], { expires_in_days: 2 })
    const child = await createKey(parent.key, READ, { expires_in_days: 30 })
    expect(child.expires_at).toBe(parent.expires_at)
    expect((await createKey(parent.key, READ)).expires_at).toBe(parent.expires_at)
    expect(problemOf(await post(parent.key, { scopes: ['workflows:write'] })).code).toBe('scope_not_grantable')
    for (const patch of [{ expires_at: null }, { expires_in_days: 3_000 }])
      expect((await change(parent.key, parent.id, patch)).body).toMatchObject({ expires_at: parent.expires_at })
    expect(problemOf(await change(parent.key, parent.id, { scopes: ['workflows:write'] })).code).toBe(
      'scope_not_grantable',
    )
  })
})

describe('PATCH /api-keys/{id}', () => {
  it('changes what is given', async () => {
    const { id, key: _, ...rest } = await createKey(ana.token, ['workflows:read', 'workflows:write'])
    expect((await change(ana.token, id, { name: 'Deploy' })).body).toEqual({ ...rest, id, name: 'Deploy' })
    expect((await change(ana.token, id, { scopes: READ })).body).toMatchObject({ name: 'Deploy', scopes: READ })
    expect((await change(ana.token, id, { expires_in_days: 1 })).body).toMatchObject({ expires_at: expect.any(String) })
    expect((await change(ana.token, id, { expires_at: null })).body).toMatchObject({ expires_at: null })
    expect((await change(ana.token, id, {})).status).toBe(200)
    expect(problemOf(await change(ana.token, id, { workspace_id: newId() })).pointers).toEqual(['/workspace_id'])
  })
})

describe('the keys of a workspace', () => {
  let eva: Person
  let shared: Record<string, string>
  beforeAll(async () => {
    eva = await createPerson()
    await join(eva, ana.workspaceId, 'editor')
    shared = { 'X-Workspace-Id': ana.workspaceId }
  })

  it('are listed to their owners, newest first, and everybody’s to administrators', async () => {
    const rui = await createPerson()
    await join(eva, rui.workspaceId, 'editor')
    const headers = { 'X-Workspace-Id': rui.workspaceId }
    const [a, b] = [await createKey(rui.token, READ), await createKey(rui.token, READ)]
    const c = await createKey(eva.token, READ, { headers })
    const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id)
    expect(ids(await list(rui.token))).toEqual([b.id, a.id])
    expect(ids(await list(rui.token, '?all=true'))).toEqual([c.id, b.id, a.id])
    expect(await list(rui.token, '?all=true&size=1&page=2')).toMatchObject({
      items: [{ id: b.id }],
      total: 3,
      pages: 3,
    })
    expect(ids(await list(eva.token, '', headers))).toEqual([c.id])
    expect(problemOf(await call('/api-keys?all=true', { token: eva.token, headers }))).toMatchObject({ status: 403 })
    const key = await createKey(rui.token, ['api_keys:read'])
    expect(problemOf(await call('/api-keys?all=true', { token: key.key })).code).toBe('insufficient_scope')
  })

  it('of others are revoked by administrators, and unknown to members', async () => {
    const hers = await createKey(eva.token, READ, { headers: shared })
    const mine = await createKey(ana.token, READ)
    for (const method of ['GET', 'DELETE'])
      expect(
        problemOf(await call(`/api-keys/${mine.id}`, { method, token: eva.token, headers: shared })),
      ).toMatchObject({ status: 404 })
    expect((await change(eva.token, mine.id, { name: 'x' }, shared)).status).toBe(404)
    expect((await call(`/api-keys/${hers.id}`, { token: ana.token })).status).toBe(200)
    expect((await call(`/api-keys/${hers.id}`, { method: 'DELETE', token: ana.token })).status).toBe(204)
    expect((await call('/workflows', { token: hers.key })).status).toBe(401)
  })

  it('are nobody’s elsewhere', async () => {
    const stranger = await createPerson()
    const { id } = await createKey(ana.token, READ)
    for (const method of ['GET', 'DELETE'])
      expect((await call(`/api-keys/${id}`, { method, token: stranger.token })).status).toBe(404)
    expect((await change(stranger.token, id, { name: 'x' })).status).toBe(404)
  })
})

it('leaves a line in the audit log for each change, without the key', async () => {
  const { id, key } = await createKey(ana.token, READ)
  await change(ana.token, id, { name: 'Deploy' })
  await call(`/api-keys/${id}`, { method: 'DELETE', token: ana.token })
  const db = connect(env)
  const { auditLog } = db.tables
  const lines = await db
    .select()
    .from(auditLog)
    .where(and(eq(auditLog.resource_id, id), eq(auditLog.workspace_id, ana.workspaceId)))
    .orderBy(auditLog.id)
  expect(lines.map(({ action }) => action)).toEqual(['api_key.created', 'api_key.changed', 'api_key.revoked'])
  expect(JSON.stringify(lines)).not.toContain(key)
})
