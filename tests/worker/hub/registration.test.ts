import { env } from 'cloudflare:workers'
import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeJwt } from 'jose'
import { toSocketRequest } from '#core/socket'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { actorOf } from '#tests/worker/support/api'
import { followSocket } from '#tests/worker/support/socket'
import { createPerson, endOf, hubOf, isConfirmed, type Login, type Person, runOne, statsOn } from './people.ts'

const db = connect(env)
const { sessions } = db.tables

afterEach(() => {
  vi.restoreAllMocks()
})

/** Time passes for our code; alarms are rung by the test. */
function later(ms: number): void {
  const then = Date.now() + ms
  vi.spyOn(Date, 'now').mockReturnValue(then)
}

const sessionOf = ({ token }: Login) => String(decodeJwt(token)['sid'])

function orderOf(ana: Person, login: Login) {
  return toSocketRequest({
    workspaceId: ana.workspaceId,
    holder: { kind: 'session', id: sessionOf(login), userId: ana.id },
    expiresAt: Date.now() + 600_000,
  })
}

describe('a session that ends while its socket is being opened', () => {
  it('shows nothing on it: after the worker has looked, before the actor has the socket', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const executionId = await runOne(login)
    const order = () => orderOf(ana, login)
    await login.call('/auth/logout', { method: 'POST' })
    for (const actor of [actorOf(executionId), hubOf(ana.workspaceId)]) {
      const socket = followSocket(await actor.fetch(order()))
      expect(await socket.closed).toMatchObject({ code: 4001, reason: 'session ended' })
      expect(socket.frames).toEqual([])
    }
  })

  it('leaves no socket behind, at whichever moment it ends', { timeout: 60_000 }, async () => {
    const ana = await createPerson()
    const executionId = await runOne(await ana.logIn())
    for (let round = 0; round < 12; round += 1) {
      const login = await ana.logIn()
      const opening = [login.follow(executionId), login.watch()]
      await scheduler.wait(round)
      await login.call('/auth/logout', { method: 'POST' })
      for (const socket of await Promise.all(opening)) expect(await endOf(socket)).toMatchObject({ code: 4001 })
    }
    const watching = await (await ana.logIn()).watch()
    await expect.poll(async () => (await statsOn(watching)).sockets).toBe(1)
  })
})

describe('the hub', () => {
  it('finds within a minute what nobody told it, evicted or not', async () => {
    const ana = await createPerson()
    const [login, other] = [await ana.logIn(), await ana.logIn()]
    const executionId = await runOne(login)
    const sockets = [await login.follow(executionId), await login.watch()]
    const staying = await other.follow(executionId)
    await Promise.all([...sockets, staying].map((socket) => socket.until(isConfirmed)))
    // As when the server is killed between the commit and the call.
    await db
      .update(sessions)
      .set({ revoked_at: new Date() })
      .where(eq(sessions.id, sessionOf(login)))
    await evictDurableObject(hubOf(ana.workspaceId))
    await evictDurableObject(actorOf(executionId))
    expect(await runDurableObjectAlarm(hubOf(ana.workspaceId))).toBe(true)
    for (const socket of sockets) expect(await endOf(socket)).toMatchObject({ code: 4001 })
    expect(await endOf(staying)).toBe('open')
  })

  it('sets its alarm again while there are sockets, and never without', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const socket = await login.watch()
    await socket.until(isConfirmed)
    const alarm = () => runInDurableObject(hubOf(ana.workspaceId), (_, state) => state.storage.getAlarm())
    expect(await alarm()).toBeLessThanOrEqual(Date.now() + 60_000)
    await runDurableObjectAlarm(hubOf(ana.workspaceId))
    expect(await alarm()).not.toBeNull()
    socket.close()
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(hubOf(ana.workspaceId))
        return alarm()
      })
      .toBeNull()
  })

  it('ends what it wrote down even if it is thrown away in the middle', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const executionId = await runOne(login)
    const socket = await login.follow(executionId)
    await socket.until(isConfirmed)
    const hub = hubOf(ana.workspaceId)
    await runInDurableObject(hub, (_, { storage }) => storage.sql.exec('UPDATE connections SET closing = 4003'))
    await evictDurableObject(hub)
    expect(await runDurableObjectAlarm(hub)).toBe(true)
    expect(await endOf(socket)).toMatchObject({ code: 4003 })
  })

  it('counts sockets exactly, over closes and lost actors', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const [first, second] = [await runOne(login), await runOne(login)]
    const watching = await login.watch()
    const [a, b, c] = [await login.follow(first), await login.follow(first), await login.follow(second)]
    await Promise.all([a, b, c].map((socket) => socket.until(isConfirmed)))
    expect(await statsOn(watching)).toMatchObject({ sockets: 4, users: 1, by_resource: { execution: 3, workspace: 1 } })
    a.close()
    await expect.poll(async () => (await statsOn(watching)).sockets).toBe(3)
    // A crash takes the sockets along and tells nobody.
    await runInDurableObject(actorOf(second), (_, state) => state.abort('crash')).catch(() => undefined)
    await c.closed
    await evictDurableObject(hubOf(ana.workspaceId)).catch(() => undefined)
    later(6 * 60_000)
    await runDurableObjectAlarm(hubOf(ana.workspaceId))
    expect(await statsOn(watching)).toMatchObject({ sockets: 2, by_resource: { execution: 1, workspace: 1 } })
    expect(await endOf(b)).toBe('open')
  })

  it('has 5,000 places, and finds those that nobody sits on', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    const executionId = await runOne(login)
    const socket = await login.follow(executionId)
    await socket.until(isConfirmed)
    const hub = hubOf(ana.workspaceId)
    await runInDurableObject(hub, (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
         INSERT INTO connections SELECT 'lost-' || i, resource, resource_id, user_id, holder, expires_at, seen_at, NULL
         FROM n, (SELECT * FROM connections LIMIT 1)`,
      )
    })
    for (const refused of [await login.follow(executionId), await login.watch()]) {
      expect(await refused.closed).toMatchObject({ code: 1008 })
      expect(refused.frames).toEqual([])
    }
    later(11_000)
    expect(await runDurableObjectAlarm(hub)).toBe(true)
    const again = await login.watch()
    expect(await statsOn(again)).toMatchObject({ sockets: 2 })
    expect(await endOf(socket)).toBe('open')
  })

  it('is not there at all for a workspace that nobody watches', async () => {
    const ana = await createPerson()
    const login = await ana.logIn()
    await runOne(login)
    await login.call('/executions')
    const ids = (await listDurableObjectIds(env.WORKSPACE_HUB)).map(String)
    expect(ids).not.toContain(hubOf(ana.workspaceId).id.toString())
  })

  it('keeps nothing for a workspace to which nobody ever connected', async () => {
    const hub = hubOf(newId())
    await hub.recheck()
    await hub.release('x')
    const tables = await runInDurableObject(hub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'connections'").toArray(),
    )
    expect(tables).toEqual([])
  })
})
