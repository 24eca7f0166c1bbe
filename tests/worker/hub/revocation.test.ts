import { env } from 'cloudflare:workers'
import { evictDurableObject } from 'cloudflare:test'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { connect } from '#db/connect'
import { toSocketRequest } from '#core/socket'
import { newId } from '#lib/ids'
import { call } from '#tests/worker/auth/api'
import { PASSWORD } from '#tests/worker/support/accounts'
import { tokenTo } from '#tests/worker/auth/mail'
import { actorOf } from '#tests/worker/support/api'
import { followSocket, type TestSocket } from '#tests/worker/support/socket'
import { createPerson, endOf, hubOf, isConfirmed, type Login, type Person, runOne, statsOn } from './people.ts'

interface Scene {
  readonly ana: Person
  readonly here: Login
  readonly there: Login
  readonly executionId: string
  /** Sockets of the login that ends, and of the other one. */
  readonly mine: readonly TestSocket[]
  readonly others: readonly TestSocket[]
}

async function open(login: Login, executionId: string): Promise<TestSocket[]> {
  const sockets = await Promise.all([login.follow(executionId), login.watch()])
  await Promise.all(sockets.map((socket) => socket.until(isConfirmed)))
  return sockets
}

/** Two logins of one person, each with a socket on an execution and one on the workspace. */
async function setScene(): Promise<Scene> {
  const ana = await createPerson()
  const [here, there] = [await ana.logIn(), await ana.logIn()]
  const executionId = await runOne(here)
  const [mine, others] = [await open(here, executionId), await open(there, executionId)]
  return { ana, here, there, executionId, mine, others }
}

const codes = (sockets: readonly TestSocket[]) =>
  Promise.all(sockets.map(async (socket) => ((end) => (end === 'open' ? end : end.code))(await endOf(socket))))

describe('the sockets of a session end within a second', () => {
  it('of a logout, and those of other sessions stay', async () => {
    const { here, mine, others } = await setScene()
    await here.call('/auth/logout', { method: 'POST' })
    expect(await codes(mine)).toEqual([4001, 4001])
    expect(await codes(others)).toEqual(['open', 'open'])
    const [, watching] = others
    if (watching === undefined) throw new Error('no socket')
    expect(await statsOn(watching)).toMatchObject({ sockets: 2, users: 1, by_resource: { execution: 1, workspace: 1 } })
  })

  it('of a logout, when hub and run have been evicted meanwhile', async () => {
    const { ana, here, executionId, mine, others } = await setScene()
    await evictDurableObject(hubOf(ana.workspaceId))
    await evictDurableObject(actorOf(executionId))
    await here.call('/auth/logout', { method: 'POST' })
    expect(await codes(mine)).toEqual([4001, 4001])
    expect(await codes(others)).toEqual(['open', 'open'])
  })

  it('of a logout from everywhere', async () => {
    const { here, mine, others } = await setScene()
    await here.call('/auth/logout-all', { method: 'POST' })
    expect(await codes([...mine, ...others])).toEqual([4001, 4001, 4001, 4001])
  })

  it('of its end from another one', async () => {
    const { here, there, mine, others } = await setScene()
    const { body } = await there.call('/auth/sessions')
    const { items } = body as { items: { id: string; current: boolean }[] }
    const other = items.find(({ current }) => !current)
    expect(await there.call(`/auth/sessions/${other?.id}`, { method: 'DELETE' })).toMatchObject({ status: 204 })
    expect(await codes(mine)).toEqual([4001, 4001])
    expect(await codes(others)).toEqual(['open', 'open'])
    expect(await here.call('/auth/me')).toMatchObject({ status: 401 })
  })

  it('of a changed password, but for the caller’s own', async () => {
    const { there, mine, others } = await setScene()
    const json = { current_password: PASSWORD, new_password: 'anothersecurepassword' }
    expect(await there.call('/auth/change-password', { json })).toMatchObject({ status: 200 })
    expect(await codes(mine)).toEqual([4001, 4001])
    expect(await codes(others)).toEqual(['open', 'open'])
  })

  it('of a reused refresh token', async () => {
    const { here, there, mine, others } = await setScene()
    const json = { refresh_token: here.refreshToken }
    expect(await there.call('/auth/refresh', { json })).toMatchObject({ status: 200 })
    expect(await codes(mine)).toEqual(['open', 'open'])
    expect(await there.call('/auth/refresh', { json })).toMatchObject({ status: 401 })
    expect(await codes(mine)).toEqual([4001, 4001])
    expect(await codes(others)).toEqual(['open', 'open'])
  })

  it('of a deleted account', async () => {
    const { here, mine, others } = await setScene()
    expect(await here.call('/auth/account', { method: 'DELETE', json: { password: PASSWORD } })).toMatchObject({
      status: 204,
    })
    expect(await codes([...mine, ...others])).toEqual([4001, 4001, 4001, 4001])
  })

  it('of a password that was reset by mail', async () => {
    const { ana, mine, others } = await setScene()
    await call('/auth/forgot-password', { json: { email: ana.email } })
    const json = { token: await tokenTo(ana.email, '/reset-password'), new_password: 'anothersecurepassword' }
    expect(await call('/auth/reset-password', { json })).toMatchObject({ status: 200 })
    expect(await codes([...mine, ...others])).toEqual([4001, 4001, 4001, 4001])
  })
})

describe('in a workspace with others', () => {
  const db = connect(env)
  const { workspaceMembers, apiKeys } = db.tables
  const isMember = (workspaceId: string, userId: string) =>
    and(eq(workspaceMembers.workspace_id, workspaceId), eq(workspaceMembers.user_id, userId))

  /** Rui is a member of Ana's workspace and watches it, and his own. */
  async function setShared() {
    const [ana, rui] = [await createPerson(), await createPerson()]
    await db
      .insert(workspaceMembers)
      .values({ workspace_id: ana.workspaceId, user_id: rui.id, role: 'editor', created_at: new Date() })
    const [login, owner] = [await rui.logIn(), await ana.logIn()]
    const [theirs, own, anas] = [
      await login.watch(`&workspace_id=${ana.workspaceId}`),
      await login.watch(),
      await owner.watch(),
    ]
    await Promise.all([theirs, own, anas].map((socket) => socket.until(isConfirmed)))
    return { ana, rui, login, theirs, own, anas }
  }

  it('a logout ends the sockets in all of them', async () => {
    const { login, theirs, own, anas } = await setShared()
    await login.call('/auth/logout', { method: 'POST' })
    expect(await codes([theirs, own, anas])).toEqual([4001, 4001, 'open'])
  })

  it('who is no member any more loses the sockets there, and only there', async () => {
    const { ana, rui, login, theirs, own, anas } = await setShared()
    await db.delete(workspaceMembers).where(isMember(ana.workspaceId, rui.id))
    await hubOf(ana.workspaceId).recheck(rui.id)
    expect(await codes([theirs, own, anas])).toEqual([4003, 'open', 'open'])
    const again = await login.watch(`&workspace_id=${ana.workspaceId}`)
    expect(await again.closed).toMatchObject({ code: 4004 })
  })

  it('a role that may still read keeps them', async () => {
    const { ana, rui, theirs } = await setShared()
    await db.update(workspaceMembers).set({ role: 'viewer' }).where(isMember(ana.workspaceId, rui.id))
    await hubOf(ana.workspaceId).recheck(rui.id)
    expect(await codes([theirs])).toEqual(['open'])
  })

  it.each([
    ['is revoked', 4001, (id: string) => db.delete(apiKeys).where(eq(apiKeys.id, id))],
    ['may no longer read', 4003, (id: string) => db.update(apiKeys).set({ scopes: [] }).where(eq(apiKeys.id, id))],
    ['expires', 4001, (id: string) => db.update(apiKeys).set({ expires_at: new Date() }).where(eq(apiKeys.id, id))],
  ])('an API key that %s loses its sockets with %i', async (_, code, change) => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const executionId = await runOne(login)
    const key = { id: newId(), workspace_id: ana.workspaceId, user_id: ana.id, name: 'CI', prefix: 'sk_x' }
    await db
      .insert(apiKeys)
      .values({ ...key, key_hash: newId(), scopes: ['executions:read'], created_at: new Date(), expires_at: null })
    const order = {
      workspaceId: ana.workspaceId,
      holder: { kind: 'api_key' as const, id: key.id, userId: ana.id },
      expiresAt: Date.now() + 60_000,
    }
    const sockets = [
      followSocket(await actorOf(executionId).fetch(toSocketRequest(order))),
      followSocket(await hubOf(ana.workspaceId).fetch(toSocketRequest(order))),
    ]
    const persons = await login.watch()
    await Promise.all([...sockets, persons].map((socket) => socket.until(isConfirmed)))
    await change(key.id)
    await hubOf(ana.workspaceId).recheck(ana.id)
    expect(await codes([...sockets, persons])).toEqual([code, code, 'open'])
  })
})
