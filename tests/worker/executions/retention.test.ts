import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { and, eq, inArray } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { MaintenanceCtx } from '#services/maintenance/maintenance-ctx'
import { sweepExecutions } from '#services/maintenance/sweep-executions'
import { sweepObjects } from '#services/maintenance/sweep-objects'
import { sweepSpent } from '#services/maintenance/sweep-spent'
import { wakeExecutions } from '#services/maintenance/wake-executions'
import { newEmail } from '#tests/worker/support/accounts'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { objectsOf, retire, ringLate, rowOf, tablesIn } from '#tests/worker/support/retire'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const SMALL = chain([trigger, setNode('end', { ok: true })])

const db = connect(env)
const { executions, executionVisits, objectDeletions, idempotencyKeys, loginFailures, sessions } = db.tables

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

function ctx(settings: Partial<MaintenanceCtx['config']> = {}): MaintenanceCtx {
  return { env, config: { ...readConfig(env), ...settings }, db, now: Date.now }
}

async function all(batch: () => Promise<boolean>): Promise<void> {
  while (await batch());
}

/** As if it had ended so long ago: other suites' executions in the same tables are younger. */
async function age(ids: readonly string[], days: number): Promise<void> {
  const finished_at = new Date(Date.now() - days * DAY_MS)
  const created_at = finished_at
  await db
    .update(executions)
    .set({ finished_at, created_at })
    .where(inArray(executions.id, [...ids]))
}

async function finish(): Promise<{ id: string; workspaceId: string }> {
  const { id } = await ana.runInActor(SMALL)
  await expect.poll(async () => (await rowOf(id))?.finished_at ?? null).not.toBeNull()
  return { id, workspaceId: (await rowOf(id))?.workspace_id ?? '' }
}

const visitsOf = (id: string) => db.$count(executionVisits, eq(executionVisits.execution_id, id))
const isDoomed = async (prefix: string) => (await db.$count(objectDeletions, eq(objectDeletions.prefix, prefix))) > 0

describe('executions older than the retention', () => {
  it('are deleted with their visits and their objects; younger ones stay', async () => {
    const [old, young] = [await finish(), await finish()]
    await retire(old.id)
    await retire(young.id)
    await age([old.id], 31)
    await age([young.id], 29)
    await all(() => sweepExecutions(ctx()))
    expect(await rowOf(old.id)).toBeUndefined()
    expect(await visitsOf(old.id)).toBe(0)
    expect(await ana.call(`/executions/${old.id}`)).toMatchObject({ status: 404 })
    expect(await ana.call(`/executions/${old.id}/events`)).toMatchObject({ status: 404 })
    await expect
      .poll(async () => {
        await all(() => sweepObjects(ctx()))
        return isDoomed(`workspaces/${old.workspaceId}/executions/${old.id}/`)
      })
      .toBe(false)
    expect(await objectsOf(old.workspaceId, old.id)).toEqual([])
    expect(await objectsOf(young.workspaceId, young.id)).toEqual(['/events.ndjson.gz'])
    expect(await ana.execution(young.id)).toMatchObject({ status: 'completed' })
    expect(await visitsOf(young.id)).toBe(2)
  })

  it('are kept for ever where the setting says 0', async () => {
    const { id } = await finish()
    await age([id], 29)
    const forEver = ctx({ RETENTION_EXECUTIONS_DAYS: 0 })
    // Workspaces of other suites have settings of their own, for which this must not be too late.
    await all(() => sweepExecutions({ ...forEver, now: () => Date.now() + 2 * DAY_MS }))
    expect(await rowOf(id)).toBeDefined()
  })

  it('of which the actor was never emptied leave nothing there either', async () => {
    const { id, workspaceId } = await finish()
    await age([id], 40)
    await all(() => sweepExecutions(ctx()))
    await ringLate(id)
    expect(await tablesIn(id)).toEqual([])
    expect(await objectsOf(workspaceId, id)).toEqual([])
  })

  it('that wait or run are never old', async () => {
    const id = await ana.start(chain([trigger, { id: 'wait', type: 'wait', config: { duration_ms: 90_000_000 } }]))
    await expect.poll(async () => (await rowOf(id))?.status).toBe('waiting')
    await db
      .update(executions)
      .set({ created_at: new Date(Date.now() - 400 * DAY_MS) })
      .where(eq(executions.id, id))
    await all(() => sweepExecutions(ctx()))
    expect((await ana.execution(id)).status).toBe('waiting')
  })
})

describe('executions that have gone quiet (P5)', () => {
  it('go on when their alarm was lost', async () => {
    const id = await ana.start(
      chain([trigger, { id: 'wait', type: 'wait', config: { duration_ms: 300 } }, setNode('end', { ok: true })]),
    )
    await expect.poll(async () => (await rowOf(id))?.status).toBe('waiting')
    await runInDurableObject(actorOf(id), (_, { storage }) => storage.deleteAlarm())
    await evictDurableObject(actorOf(id))
    await db
      .update(executions)
      .set({ created_at: new Date(Date.now() - HOUR_MS) })
      .where(eq(executions.id, id))
    let cursor: string | undefined
    do cursor = await wakeExecutions(ctx(), cursor)
    while (cursor !== undefined)
    await expect.poll(async () => (await rowOf(id))?.status).toBe('completed')
  })

  it('leave their actor when they ended and were not archived', async () => {
    const { id } = await finish()
    await expect
      .poll(() => runInDurableObject(actorOf(id), (_, { storage }) => storage.getAlarm()))
      .toBeGreaterThan(Date.now() + 60_000)
    await runInDurableObject(actorOf(id), (_, { storage }) => storage.deleteAlarm())
    await evictDurableObject(actorOf(id))
    await age([id], 1)
    let cursor: string | undefined
    do cursor = await wakeExecutions(ctx(), cursor)
    while (cursor !== undefined)
    await ringLate(id)
    expect(await tablesIn(id)).toEqual([])
  })
})

describe('what nobody can use any more', () => {
  it('goes; what can be used stays', async () => {
    const { id } = await finish()
    const workspace_id = (await rowOf(id))?.workspace_id ?? ''
    const user_id = newId()
    const key = (name: string, hours: number) => ({
      workspace_id,
      user_id,
      key: name,
      request_hash: 'x',
      resource_id: newId(),
      created_at: new Date(Date.now() - hours * HOUR_MS),
    })
    await db.insert(idempotencyKeys).values([key('old', 26), key('young', 23)])
    const failure = (name: string, days: number) => {
      const at = new Date(Date.now() - days * DAY_MS)
      return { key: name, failures: 1, failed_at: at, blocked_until: at }
    }
    const [forgotten, fresh] = [newEmail(), newEmail()]
    await db.insert(loginFailures).values([failure(forgotten, 2), failure(fresh, 0.01)])
    await all(() => sweepSpent(ctx()))
    const keys = await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.user_id, user_id))
    expect(keys.map((row) => row.key)).toEqual(['young'])
    const failures = await db
      .select()
      .from(loginFailures)
      .where(inArray(loginFailures.key, [forgotten, fresh]))
    expect(failures.map((row) => row.key)).toEqual([fresh])
  })

  it('sessions go a while after their end', async () => {
    const eva = await createAccount()
    const { id: userId } = (await eva.call('/auth/me')).body as { id: string }
    const isHers = eq(sessions.user_id, userId)
    await db.insert(sessions).values({ id: newId(), user_id: userId, expires_at: new Date(Date.now() - 2 * DAY_MS) })
    expect(await db.$count(sessions, isHers)).toBe(2)
    await all(() => sweepSpent(ctx()))
    expect(await db.$count(sessions, isHers)).toBe(1)
    expect(await eva.call('/auth/me')).toMatchObject({ status: 200 })
  })
})

describe('a deleted workspace', () => {
  it('takes its objects along', async () => {
    const eva = await createAccount()
    const { id: workspaceId } = (await eva.call('/workspaces', { json: { name: 'Time' } })).body as { id: string }
    const prefix = `workspaces/${workspaceId}/`
    const keys = Array.from({ length: 3 }, (_, index) => `${prefix}executions/${index}/events.ndjson.gz`)
    await Promise.all(keys.map((key) => env.FILES.put(key, 'x')))
    const bystander = `workspaces/${newId()}/x`
    await env.FILES.put(bystander, 'x')
    expect(await eva.call(`/workspaces/${workspaceId}`, { method: 'DELETE' })).toMatchObject({ status: 204 })
    await expect
      .poll(async () => {
        await all(() => sweepObjects(ctx()))
        return isDoomed(prefix)
      })
      .toBe(false)
    expect((await env.FILES.list({ prefix })).objects).toEqual([])
    expect(await env.FILES.head(bystander)).not.toBeNull()
  })
})

describe('the actor that sweeps', () => {
  const sweeper = () => env.MAINTENANCE.getByName('maintenance')
  const alarm = () => runInDurableObject(sweeper(), (_, { storage }) => storage.getAlarm())

  it('is woken by the first request, and rings again within the hour', async () => {
    await ana.call('/auth/me')
    await expect.poll(alarm).not.toBeNull()
    expect(await runDurableObjectAlarm(sweeper())).toBe(true)
    const next = (await alarm()) ?? 0
    expect(next).toBeGreaterThan(Date.now())
    expect(next).toBeLessThanOrEqual(Date.now() + HOUR_MS)
  })

  it('comes within minutes of a start, since that may follow a crash, and no sooner for more of them', async () => {
    await expect.poll(alarm).not.toBeNull()
    await runDurableObjectAlarm(sweeper())
    await sweeper().poke()
    const next = (await alarm()) ?? 0
    expect(next).toBeLessThanOrEqual(Date.now() + 6 * 60_000)
    await sweeper().poke()
    expect(await alarm()).toBe(next)
  })

  it('comes within minutes of a start, too, when the last alarm was for deliveries alone', async () => {
    await sweeper().sweepSoon()
    await runDurableObjectAlarm(sweeper())
    await sweeper().deliverSoon()
    await runDurableObjectAlarm(sweeper())
    await sweeper().poke()
    expect((await alarm()) ?? 0).toBeLessThanOrEqual(Date.now() + 6 * 60_000)
  })

  it('rings again soon when PostgreSQL is away, and never throws (P5)', async () => {
    await expect.poll(alarm).not.toBeNull()
    vi.spyOn(env.POSTGRES_POOL, 'getByName').mockImplementation(() => {
      throw new Error('PostgreSQL is away')
    })
    expect(await runDurableObjectAlarm(sweeper())).toBe(true)
    expect((await alarm()) ?? 0).toBeLessThanOrEqual(Date.now() + 5 * 60_000)
  })

  it('leaves to others what they delete now', async () => {
    const { id } = await finish()
    await age([id], 31)
    await Promise.all([1, 2, 3].map(() => all(() => sweepExecutions(ctx()))))
    expect(await db.$count(executions, and(eq(executions.id, id)))).toBe(0)
  })
})
