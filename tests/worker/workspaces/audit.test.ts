import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AuditEntry } from '#core/audit/audit'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { call, logIn, problemOf } from '#tests/worker/auth/api'
import { newEmail, PASSWORD } from '#tests/worker/support/accounts'
import { tokenTo } from '#tests/worker/auth/mail'
import { actionsIn, createPerson, createTeam, join, type Person } from './team.ts'

const db = connect(env)
const Lines = z.object({ items: z.array(AuditEntry), total: z.int() })
const FORBIDDEN = { status: 403, code: 'forbidden' }

async function createAdmin(): Promise<Person> {
  const person = await createPerson()
  const { users } = db.tables
  await db.update(users).set({ role: 'admin' }).where(eq(users.id, person.id))
  return person
}

describe('GET /audit', () => {
  it('tells administrators of a workspace who did what there, from where, newest first', async () => {
    const ana = await createPerson()
    const { id } = await createTeam(ana, 'Vendas')
    const adm = await join(ana, id, 'admin')
    const headers = { 'X-Workspace-Id': id }
    await adm.call('/workflows', {
      json: { name: 'x' },
      headers: { ...headers, 'User-Agent': 'test', 'X-Request-Id': 'r1' },
    })
    const read = async (query = '') => Lines.parse((await adm.call(`/audit${query}`, { headers })).body)
    const { items } = await read()
    expect(items.map(({ action }) => action)).toEqual([
      'workflow.created',
      'member.joined',
      'invitation.created',
      'workspace.created',
    ])
    expect(items[0]).toMatchObject({
      resource_type: 'workflow',
      actor: { kind: 'user', user_id: adm.id, api_key_id: null },
      user_agent: 'test',
      request_id: 'r1',
      details: { name: 'x' },
    })
    const actionsOf = async (query: string) => (await read(query)).items.map(({ action }) => action)
    expect(await actionsOf(`?user_id=${adm.id}&resource_type=member`)).toEqual(['member.joined'])
    expect(await actionsOf('?action=workspace.created')).toEqual(['workspace.created'])
    expect(await actionsOf(`?resource_id=${id}`)).toEqual(['workspace.created'])
    expect(await actionsOf(`?to=${items[3]?.created_at}`)).toEqual(['workspace.created'])
    expect(await actionsOf(`?from=${items[0]?.created_at}`)).toEqual(['workflow.created'])
    expect(await read('?size=1&page=4')).toMatchObject({ items: [{ action: 'workspace.created' }], total: 4 })
    expect(await read('?size=1&page=5')).toEqual({ items: [], total: 4 })
  })

  it('tells nobody else', async () => {
    const ana = await createPerson()
    const { id } = await createTeam(ana)
    const [editor, stranger] = [await join(ana, id, 'editor'), await createPerson()]
    const headers = { 'X-Workspace-Id': id }
    expect(problemOf(await editor.call('/audit', { headers }))).toMatchObject(FORBIDDEN)
    expect(problemOf(await stranger.call('/audit', { headers }))).toMatchObject({ status: 404 })
    expect(await actionsIn(stranger, '')).toEqual([])
  })

  it.each(['?actions=x', '?action=workspace.bought', '?user_id=x', '?from=yesterday', '?scope=all'])(
    'refuses %s',
    async (query) => {
      const ana = await createPerson()
      expect(problemOf(await ana.call(`/audit${query}`)).status).toBe(422)
    },
  )
})

describe('the installation’s log', () => {
  it('is its administrators’', async () => {
    const ana = await createPerson()
    await createTeam(ana)
    expect(problemOf(await ana.call('/audit?scope=installation'))).toMatchObject(FORBIDDEN)
  })

  it('tells of an account from its beginning to its end', async () => {
    const admin = await createAdmin()
    const email = newEmail()
    const registered = await call('/auth/register', { json: { email, password: PASSWORD, name: 'Eva' } })
    const { id } = z.object({ id: z.uuid() }).parse(registered.body)
    const verification = await tokenTo(email, '/verify-email')
    await call('/auth/verify-email', { json: { token: verification } })
    const [one, two, three] = [await logIn(email), await logIn(email), await logIn(email)]
    const [token, other] = [one.access_token, two.access_token]
    await call('/auth/me', { method: 'PATCH', token, json: { name: 'Eva Lima' } })
    const new_password = `${PASSWORD}2`
    await call('/auth/logout', { token: other, json: { refresh_token: three.refresh_token } })
    await call('/auth/change-password', { token, json: { current_password: PASSWORD, new_password } })
    await call('/auth/logout-all', { token, json: {} })
    await call('/auth/forgot-password', { json: { email } })
    const reset = await tokenTo(email, '/reset-password')
    await call('/auth/reset-password', { json: { token: reset, new_password: PASSWORD } })
    const last = await logIn(email)
    // A wrong password is no line: the back-off counts it.
    await call('/auth/login', { json: { email, password: 'wrong password' } })
    await call('/auth/account', { method: 'DELETE', token: last.access_token, json: { password: PASSWORD } })

    const { body } = await admin.call(`/audit?scope=installation&user_id=${id}&size=100`)
    const { items } = Lines.parse(body)
    const actions = items.map(({ action }) => action).toReversed()
    expect(actions.slice(0, -2)).toEqual([
      'account.registered',
      'account.email_verified',
      'session.opened',
      'session.opened',
      'session.opened',
      'account.changed',
      'session.revoked',
      'session.revoked',
      'account.password_changed',
      'session.all_revoked',
      'account.password_reset',
      'session.opened',
    ])
    // At one moment, in whichever order: the personal workspace goes with the account.
    expect(new Set(actions.slice(-2))).toEqual(new Set(['workspace.deleted', 'account.deleted']))
    expect(items.every(({ actor }) => actor.kind === 'user')).toBe(true)
    expect(JSON.stringify(items)).not.toMatch(/securepassword|ott_|eyJ/)
    expect(new Set(items.map(({ resource_id }) => resource_id)).size).toBe(6)
  })

  it('tells of one session that was ended, and of one whose refresh token came twice', async () => {
    const admin = await createAdmin()
    const eva = await createPerson()
    const [ended, stolen] = [await logIn(eva.email), await logIn(eva.email)]
    const { body } = await call('/auth/sessions', { token: ended.access_token })
    const own = (body as { items: { id: string; current: boolean }[] }).items.find(({ current }) => current)
    await eva.call(`/auth/sessions/${own?.id}`, { method: 'DELETE' })
    const { refresh_token } = stolen
    await call('/auth/refresh', { json: { refresh_token } })
    await call('/auth/refresh', { json: { refresh_token } })
    const find = async (query: string) =>
      Lines.parse((await admin.call(`/audit?scope=installation&action=session.revoked&${query}`)).body).items
    expect(await find(`resource_id=${own?.id}`)).toMatchObject([{ actor: { user_id: eva.id } }])
    const reused = (await find('size=100')).filter(({ details }) => details?.['reason'] === 'reuse')
    expect(reused.length).toBeGreaterThan(0)
    expect(reused[0]).toMatchObject({ actor: { kind: 'system', user_id: null } })
  })

  it('tells of a workspace that is gone, which nobody else could read', async () => {
    const admin = await createAdmin()
    const ana = await createPerson()
    const { id } = await createTeam(ana)
    await ana.call(`/workspaces/${id}`, { method: 'DELETE' })
    expect(await actionsIn(admin, `scope=installation&resource_id=${id}`)).toEqual(['workspace.deleted'])
    expect(await actionsIn(admin, `scope=installation&resource_id=${newId()}`)).toEqual([])
  })
})
