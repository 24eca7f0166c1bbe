import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { signApprovalLink } from '#auth/approval-links'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { retirementOf } from '#durable-objects/workflow-run/retire'
import { newId } from '#lib/ids'
import { findRetryOrder } from '#services/executions/find-retry-order'
import { type Account, actorOf, createAccount, HTTP_URL } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { objectsOf, retire, ringLate, rowOf, tablesIn } from '#tests/worker/support/retire'
import { openSocket } from '#tests/worker/support/socket'

const SMALL = chain([trigger, setNode('end', { ok: true })])
/** Ends with `too_many_visits` after 4,000 events or so. */
const LONG = graph(
  [trigger, setNode('a', { n: 1 }), { id: 'again', type: 'if', config: { condition: true } }],
  ['start -> a', 'a -> again', 'again:true -> a'],
)

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const follow = (id: string, query = '', options = {}) =>
  openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}${query}`, options)

async function workspaceOf(id: string): Promise<string> {
  return (await rowOf(id))?.workspace_id ?? ''
}

describe('an execution whose time in its actor is over', () => {
  it('reads the same as before, with nothing left in the actor', async () => {
    const { id } = await ana.runInActor(SMALL)
    const before = { execution: await ana.execution(id), visits: await ana.visits(id), events: await ana.events(id) }
    await retire(id)
    expect(await tablesIn(id)).toEqual([])
    expect(await runInDurableObject(actorOf(id), (_, { storage }) => storage.getAlarm())).toBeNull()
    expect((await rowOf(id))?.archived_at).toBeInstanceOf(Date)
    expect(await objectsOf(await workspaceOf(id), id)).toEqual(['/events.ndjson.gz'])
    const after = { execution: await ana.execution(id), visits: await ana.visits(id), events: await ana.events(id) }
    expect(after).toEqual(before)
    expect(await ana.events(id, 3)).toEqual(before.events.slice(3))
    // Asking made nothing anew.
    expect(await tablesIn(id)).toEqual([])
  })

  it('keeps its actor until then, and leaves it by the alarm alone', async () => {
    const { id } = await ana.runInActor(SMALL)
    const ten = 10 * 60_000
    const alarm = () => runInDurableObject(actorOf(id), (_, { storage }) => storage.getAlarm())
    await expect.poll(async () => (await alarm()) ?? 0).toBeGreaterThan(Date.now() + ten - 60_000)
    await ringLate(id, 9)
    expect(await tablesIn(id)).toContain('events')
    expect(await alarm()).not.toBeNull()
    await evictDurableObject(actorOf(id))
    await retire(id)
    expect(await tablesIn(id)).toEqual([])
  })

  it('cannot be cancelled, and is another workspace’s to nobody', async () => {
    const { id } = await ana.runInActor(SMALL)
    await retire(id)
    const cancelled = await ana.call(`/executions/${id}/cancel`, { method: 'POST' })
    expect(cancelled).toMatchObject({ status: 409, body: { code: 'execution_finished' } })
    const eva = await createAccount()
    for (const path of ['', '/events', '/nodes']) {
      expect(await eva.call(`/executions/${id}${path}`)).toMatchObject({ status: 404 })
    }
    const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${eva.token}`)
    expect(await socket.closed).toMatchObject({ code: 4004 })
  })

  it('is not started a second time by a repeat of its request (P3)', async () => {
    const { id: workflowId } = await ana.createWorkflow(SMALL)
    const headers = { 'Idempotency-Key': newId() }
    const execute = () => ana.call(`/workflows/${workflowId}/execute`, { method: 'POST', headers })
    const { body: first } = await execute()
    const { execution_id: id } = first as { execution_id: string }
    await retire(id)
    expect((await execute()).body).toEqual(first)
    expect(await tablesIn(id)).toEqual([])
  })

  it('can be gone on from', async () => {
    const call = httpNode('call', `${HTTP_URL}/script/${newId()}?answers=404`)
    const { id } = await ana.runInActor(chain([trigger, setNode('kept', { n: 1 }), call]), { a: 1 })
    const workspaceId = await workspaceOf(id)
    const ctx = { env, config: readConfig(env), db: connect(env), now: () => 5, principal: { workspaceId } }
    const live = await findRetryOrder(ctx, id)
    await retire(id)
    const order = await findRetryOrder(ctx, id)
    const timeless = (seed = live?.seed) => seed?.map((event) => ({ ...event, at: 0 }))
    expect({ ...order, seed: timeless(order?.seed) }).toEqual({ ...live, seed: timeless() })
    expect(order?.seed).toContainEqual(
      expect.objectContaining({ type: 'node_completed', node_id: 'kept', reused: true }),
    )
    expect(await findRetryOrder({ ...ctx, principal: { workspaceId: newId() } }, id)).toBeUndefined()
  })
})

describe('what an archived run is told', () => {
  const refused = { status: 409, body: { code: 'execution_finished' } }

  it('is answered as on one that has just ended: it is over', async () => {
    const go = { id: 'go', type: 'signal', config: { name: 'go' } }
    const id = await ana.start(chain([trigger, go]))
    const headers = { 'Idempotency-Key': newId() }
    const signal = () => ana.call(`/executions/${id}/signals/go`, { json: {}, headers })
    const receipt = await signal()
    await expect.poll(async () => (await ana.execution(id)).status).toBe('completed')
    const ask = async () => [
      await ana.call(`/executions/${id}/pause`, { method: 'POST' }),
      await ana.call(`/executions/${id}/resume`, { method: 'POST' }),
      await ana.call(`/executions/${id}/cancel`, { method: 'POST' }),
      await ana.call(`/executions/${id}/control`, { json: { action: 'pause' } }),
      await ana.call(`/executions/${id}/signals/go`, { json: {} }),
    ]
    for (const answer of await ask()) expect(answer).toMatchObject(refused)
    await retire(id)
    for (const answer of await ask()) expect(answer).toMatchObject(refused)
    // One that it took while it lived is said to be taken, however late it is repeated.
    expect(await signal()).toMatchObject({ status: receipt.status, body: receipt.body })
    expect(await tablesIn(id)).toEqual([])
  })

  it('by a link or a member to approve, is how it was decided, or that nobody did', async () => {
    const approval = { id: 'ok', type: 'approval', config: { title: 'Pedido', approvers: ['bo@example.com'] } }
    const link = async (id: string) => {
      const place = { executionId: id, workspaceId: await workspaceOf(id), nodeId: 'ok', visit: 1 }
      const times = { now: Date.now(), until: Date.now() + 60_000 }
      return signApprovalLink(readConfig(env), { approver: 'bo@example.com', ...place }, times)
    }
    const click = (token: string, decision: string) => ana.call('/approvals/decide', { json: { token, decision } })
    const preview = async (token: string) => (await ana.call('/approvals/preview', { json: { token } })).body
    const waiting = async () => {
      const id = await ana.start(chain([trigger, approval]))
      await expect.poll(async () => (await rowOf(id))?.status).toBe('waiting')
      return id
    }
    const decided = await waiting()
    const token = await link(decided)
    const { body: first } = await click(token, 'approved')
    await retire(decided)
    expect(await click(token, 'approved')).toMatchObject({ status: 200, body: first })
    expect(await click(token, 'rejected')).toMatchObject({ status: 409, body: { code: 'already_approved' } })
    expect(await preview(token)).toMatchObject({ status: 'decided', decided: first, title: 'Pedido' })
    const own = await ana.call(`/executions/${decided}/approvals/ok/1`, { json: { decision: 'approved' } })
    expect(own).toMatchObject({ status: 403, body: { code: 'not_approver' } })
    const none = await ana.call(`/executions/${decided}/approvals/no/1`, { json: { decision: 'approved' } })
    expect(none).toMatchObject({ status: 404 })
    const over = await waiting()
    await ana.call(`/executions/${over}/cancel`, { method: 'POST' })
    await retire(over)
    expect(await click(await link(over), 'approved')).toMatchObject({ status: 409, body: { code: 'approval_over' } })
    expect(await preview(await link(over))).toMatchObject({ status: 'over', decided: null })
    const eva = await createAccount()
    const foreign = await eva.call(`/executions/${decided}/approvals/ok/1`, { json: { decision: 'approved' } })
    expect(foreign).toMatchObject({ status: 404 })
  })
})

it('runs that ended together leave one after the other', () => {
  const [at, minutes] = [1_000_000, 10]
  const times = Array.from({ length: 200 }, () => retirementOf(newId(), at, minutes))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(at + 600_000)
  expect(Math.max(...times)).toBeLessThanOrEqual(at + 660_000)
  // Over a minute: no ten seconds of it take more than a third.
  const perSlot = Map.groupBy(times, (time) => Math.floor((time - at) / 10_000))
  expect(Math.max(...[...perSlot.values()].map(({ length }) => length))).toBeLessThan(70)
  const id = newId()
  expect(retirementOf(id, at, minutes)).toBe(retirementOf(id, at, minutes))
})

describe('a socket', () => {
  it('that is open then is closed, and gets the same frames when it comes back', async () => {
    const { id } = await ana.runInActor(SMALL)
    const early = await follow(id)
    const last = await early.until(({ event_type }) => event_type === 'execution_completed')
    await retire(id)
    expect(await early.closed).toMatchObject({ code: 1000 })
    const late = await follow(id)
    expect(await late.closed).toMatchObject({ code: 1000 })
    expect(late.frames[0]).toMatchObject({
      event_type: 'subscription_confirmed',
      execution_id: id,
      data: { status: 'completed', last_seq: last.seq },
    })
    expect(late.events()).toEqual(early.events())
    const rest = await follow(id, '&after=3')
    await rest.closed
    expect(rest.events()).toEqual(early.events().slice(3))
    expect(await tablesIn(id)).toEqual([])
  })

  it('of a long run goes on when its client shows that it reads', { timeout: 60_000 }, async () => {
    const { id } = await ana.runInActor(LONG)
    await retire(id)
    const seq = (await rowOf(id))?.seq ?? 0
    expect(seq).toBeGreaterThan(3_000)
    const silent = await follow(id, '', { answersPings: false })
    await silent.until(({ type }) => type === 'ping')
    expect(silent.events()).toHaveLength(1_000)
    silent.send({ type: 'ack', seq: 1_000 })
    await silent.until((frame) => frame.seq === 2_000)
    silent.close()
    const socket = await follow(id)
    await socket.closed
    expect(socket.events().map((event) => event.seq)).toEqual(Array.from({ length: seq }, (_, index) => index + 1))
  })

  it('takes a ticket once', async () => {
    const { id } = await ana.runInActor(SMALL)
    await retire(id)
    const json = { resource: 'execution', id }
    const { ticket } = (await ana.call('/ws/tickets', { json })).body as { ticket: string }
    const open = () => openSocket(`/api/v1/ws/execution/${id}?ticket=${ticket}`)
    expect(await (await open()).closed).toMatchObject({ code: 1000 })
    expect(await (await open()).closed).toMatchObject({ code: 4001 })
  })
})

describe('when something is in the way', () => {
  it.each([
    ['R2', 'put'],
    ['PostgreSQL', 'database'],
  ])('%s away leaves everything where it is, and the alarm tries again', async (_, what) => {
    const { id } = await ana.runInActor(SMALL)
    const before = await ana.events(id)
    await expect.poll(async () => (await rowOf(id))?.finished_at ?? null).not.toBeNull()
    const broken =
      what === 'put'
        ? vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('R2 is away'))
        : vi.spyOn(env.POSTGRES_POOL, 'getByName').mockImplementation(() => {
            throw new Error('PostgreSQL is away')
          })
    await ringLate(id)
    broken.mockRestore()
    expect(await tablesIn(id)).toContain('events')
    const alarm = await runInDurableObject(actorOf(id), (__, { storage }) => storage.getAlarm())
    expect(alarm ?? 0).toBeGreaterThan(Date.now())
    expect(await ana.events(id)).toEqual(before)
    await retire(id)
    expect(await tablesIn(id)).toEqual([])
    expect(await ana.events(id)).toEqual(before)
  })

  it('a crash between any two steps loses nothing', { timeout: 60_000 }, async () => {
    for (const step of ['archived', 'emptied'] as const) {
      const { id } = await ana.runInActor(SMALL)
      const before = await ana.events(id)
      await expect.poll(async () => (await rowOf(id))?.finished_at ?? null).not.toBeNull()
      await runInDurableObject(actorOf(id), (_, { storage }) => {
        const real = storage.deleteAll.bind(storage)
        vi.spyOn(storage, 'deleteAll').mockImplementation(async () => {
          if (step === 'emptied') await real()
          throw new Error('the power is out')
        })
      })
      await ringLate(id)
      await evictDurableObject(actorOf(id))
      expect(await ana.events(id)).toEqual(before)
      await ringLate(id, 30)
      expect(await tablesIn(id)).toEqual([])
      expect(await runDurableObjectAlarm(actorOf(id))).toBe(false)
      expect(await ana.events(id)).toEqual(before)
    }
  })

  it('of a workspace that is gone nothing is left, in the actor nor in R2', async () => {
    const eva = await createAccount()
    const { body: made } = await eva.call('/workspaces', { json: { name: 'Time' } })
    const { id: workspaceId } = made as { id: string }
    const inTeam = { 'X-Workspace-Id': workspaceId }
    const { body: workflow } = await eva.call('/workflows', { json: { name: 'W', definition: SMALL }, headers: inTeam })
    const path = `/workflows/${(workflow as { id: string }).id}/execute`
    const { body: run } = await eva.call(path, { method: 'POST', headers: inTeam })
    const { execution_id: id } = run as { execution_id: string }
    await expect.poll(async () => (await rowOf(id))?.finished_at ?? null).not.toBeNull()
    expect(await eva.call(`/workspaces/${workspaceId}`, { method: 'DELETE' })).toMatchObject({ status: 204 })
    await ringLate(id)
    expect(await tablesIn(id)).toEqual([])
    expect(await objectsOf(workspaceId)).toEqual([])
  })
})
