import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { TicketAnswer } from '#core/auth/ticket'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { actorOf, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, httpNode, trigger } from '#tests/worker/support/graphs'
import { openSocket, type TestSocket } from '#tests/worker/support/socket'
import { createPerson, hubOf, isConfirmed, type Login, type Person, runOne, statsOn } from './people.ts'

const db = connect(env)
const { workspaces } = db.tables

async function setScene(): Promise<{ ana: Person; login: Login }> {
  const ana = await createPerson()
  return { ana, login: await ana.logIn() }
}

const events = ({ frames }: TestSocket) => frames.filter(({ seq }) => seq !== undefined)
const told = (socket: TestSocket) =>
  events(socket).map(({ seq, event_type, execution_id }) => [seq, event_type, execution_id])
const isEndOf = (id: string) => (frame: TestSocket['frames'][number]) =>
  frame['execution_id'] === id && frame.event_type === 'execution_completed'
const isTruncated = ({ event_type }: TestSocket['frames'][number]) => event_type === 'history_truncated'

async function watchConfirmed(login: Login, query = ''): Promise<TestSocket> {
  const socket = await login.watch(query)
  await socket.until(isConfirmed)
  return socket
}

describe('the workspace’s socket', () => {
  it('tells what starts and ends, from now on, and nothing of others', async () => {
    const { ana, login } = await setScene()
    const before = await runOne(login)
    const stranger = await createAccount()
    const socket = await watchConfirmed(login)
    await stranger.run(chain([trigger]))
    const id = await runOne(login, 'Pedidos grandes')
    await socket.until(isEndOf(id))
    expect(told(socket)).toEqual([
      [2, 'execution_started', id],
      [3, 'execution_completed', id],
    ])
    expect(events(socket)[1]).toMatchObject({
      workspace_id: ana.workspaceId,
      workflow_name: 'Pedidos grandes',
      status: 'completed',
      timestamp: expect.stringMatching(/Z$/),
      data: { trigger: 'manual', version: 1, duration_ms: expect.any(Number), error: null },
    })
    expect(JSON.stringify(socket.frames)).not.toContain(before)
  })

  it('tells failures with their error, and cancellations', async () => {
    const { login } = await setScene()
    const socket = await watchConfirmed(login)
    const make = async (definition: object) => {
      const created = await login.call('/workflows', { json: { name: 'x', definition } })
      const { id } = created.body as { id: string }
      const { body } = await login.call(`/workflows/${id}/execute`, { json: {} })
      return (body as { execution_id: string }).execution_id
    }
    const failing = await make(chain([trigger, httpNode('call', 'http://10.0.0.1/')]))
    const failed = await socket.until(({ event_type }) => event_type === 'execution_failed')
    expect(failed).toMatchObject({ execution_id: failing, data: { error: { code: 'outbound_not_allowed' } } })
    const key = newId()
    const held = await make(chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`)]))
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    await login.call(`/executions/${held}/cancel`, { method: 'POST' })
    await socket.until(({ event_type }) => event_type === 'execution_cancelled')
    await release(key)
    expect(told(socket).map(([seq]) => seq)).toEqual([2, 3, 4, 5])
  })

  it('tells each thing once, densely numbered, when hub and run are evicted between any two steps', async () => {
    const { ana, login } = await setScene()
    const socket = await watchConfirmed(login)
    const ids: string[] = []
    for (let round = 0; round < 4; round += 1) {
      await evictDurableObject(hubOf(ana.workspaceId))
      const id = await runOne(login)
      ids.push(id)
      await socket.until(isEndOf(id))
      await evictDurableObject(actorOf(id)).catch(() => undefined)
    }
    const late = await watchConfirmed(login, '&after=0')
    await late.until(isEndOf(ids.at(-1) ?? ''))
    expect(events(late).slice(1)).toEqual(events(socket))
    expect(events(late).map(({ seq }) => seq)).toEqual(Array.from({ length: 9 }, (_, index) => index + 1))
    expect(events(socket).filter(({ event_type }) => event_type === 'execution_started')).toHaveLength(4)
  })

  it('goes on where a client left it, also with what came while nobody was there', async () => {
    const { login } = await setScene()
    const first = await watchConfirmed(login)
    const seen = await runOne(login)
    await first.until(isEndOf(seen))
    first.close()
    const missed = await runOne(login)
    const back = await login.watch('&after=3')
    await back.until(isEndOf(missed))
    expect(told(back)).toEqual([
      [4, 'execution_started', missed],
      [5, 'execution_completed', missed],
    ])
    expect(back.frames.some(isTruncated)).toBe(false)
  })

  it('says where nobody listened for a time', async () => {
    const { ana, login } = await setScene()
    const first = await watchConfirmed(login)
    first.close()
    // The lease runs out: ten minutes later.
    await db
      .update(workspaces)
      .set({ watched_until: new Date(0) })
      .where(eq(workspaces.id, ana.workspaceId))
    await runInDurableObject(hubOf(ana.workspaceId), (_, { storage }) =>
      storage.sql.exec('UPDATE hub SET watched_until = 0'),
    )
    await runOne(login)
    const back = await login.watch('&after=1')
    const id = await runOne(login)
    await back.until(isEndOf(id))
    expect(told(back)).toEqual([
      [2, 'watch_started', null],
      [3, 'execution_started', id],
      [4, 'execution_completed', id],
    ])
  })

  it('keeps the last thousand events, and says so to who is further behind', { timeout: 60_000 }, async () => {
    const { ana, login } = await setScene()
    const socket = await watchConfirmed(login)
    const id = await runOne(login)
    await socket.until(isEndOf(id))
    const news = { workflow_id: newId(), workflow_name: 'x', version: 1, trigger: 'manual', error: undefined } as const
    const hub = hubOf(ana.workspaceId)
    const at = Date.now()
    const ended = { ...news, at, startedAt: at, finishedAt: at, status: 'completed', seq: 4 } as const
    await Promise.all(Array.from({ length: 600 }, () => hub.tell({ ...ended, execution_id: newId() })))
    const { last_seq, first_seq } = await statsOn(socket)
    expect(last_seq).toBe(1_203)
    expect(last_seq - first_seq).toBeLessThan(1_100)
    const behind = await watchConfirmed(login, '&after=1')
    const truncated = await behind.until(isTruncated)
    expect(truncated).toMatchObject({ data: { after: 1, resumed_after: first_seq - 1 } })
    expect(truncated).not.toHaveProperty('seq')
    await behind.until(({ seq }) => seq === last_seq)
    expect(events(behind)[0]).toMatchObject({ seq: first_seq })
    const ahead = await watchConfirmed(login, '&after=999999')
    expect(await ahead.until(isTruncated)).toMatchObject({ data: { resumed_after: last_seq } })
  })

  it('answers heartbeats without waking, stats and nonsense', async () => {
    const { ana, login } = await setScene()
    const socket = await watchConfirmed(login)
    await evictDurableObject(hubOf(ana.workspaceId))
    socket.send('{"type":"heartbeat"}')
    await socket.until(({ type }) => type === 'heartbeat_response')
    await expect(evictDurableObject(hubOf(ana.workspaceId))).rejects.toThrow(/not running|running/i)
    expect(await statsOn(socket)).toEqual({
      last_seq: 1,
      first_seq: 1,
      sockets: 1,
      users: 1,
      by_resource: { execution: 0, workspace: 1, chat: 0 },
    })
    socket.send('[]')
    await socket.until(({ type }) => type === 'error')
  })
})

describe('a ticket for it', () => {
  const ticketFor = async (login: Login, id: string) =>
    login.call('/ws/tickets', { json: { resource: 'workspace', id } })
  const open = (ticket: string, base = '/api/v1/ws/workspace') => openSocket(`${base}?ticket=${ticket}`)

  it('opens one socket, at either address, whoever was evicted meanwhile', async () => {
    const { ana, login } = await setScene()
    for (const base of ['/ws/workspace', '/api/v1/ws/workspace']) {
      const { ticket } = TicketAnswer.parse((await ticketFor(login, ana.workspaceId)).body)
      await (await open(ticket, base)).until(isConfirmed)
      await evictDurableObject(hubOf(ana.workspaceId))
      expect(await (await open(ticket, base)).closed).toMatchObject({ code: 4001 })
    }
  })

  it('opens nothing else, and nothing after a logout', async () => {
    const { ana, login } = await setScene()
    const executionId = await runOne(login)
    const { ticket } = TicketAnswer.parse((await ticketFor(login, ana.workspaceId)).body)
    const other = await openSocket(`/api/v1/ws/execution/${executionId}?ticket=${ticket}`)
    expect(await other.closed).toMatchObject({ code: 4001 })
    await login.call('/auth/logout', { method: 'POST' })
    expect(await (await open(ticket)).closed).toMatchObject({ code: 4001 })
  })

  it('is not given for another workspace', async () => {
    const { login } = await setScene()
    const other = await createPerson()
    expect(await ticketFor(login, other.workspaceId)).toMatchObject({ status: 404 })
    const socket = await login.watch(`&workspace_id=${other.workspaceId}`)
    expect(await socket.closed).toMatchObject({ code: 4004 })
  })
})

it.each(['', '?token=x', '?ticket=x'])('nobody watches with %j', async (query) => {
  expect(await (await openSocket(`/api/v1/ws/workspace${query}`)).closed).toMatchObject({ code: 4001 })
})
