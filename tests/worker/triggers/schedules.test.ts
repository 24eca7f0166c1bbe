import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { schedule } from '#actors'
import { readConfig } from '#config'
import { Execution } from '#core/workflow/execution'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { type Account, createAccount, pageOf } from '#tests/worker/support/api'
import { chain, setNode } from '#tests/worker/support/graphs'
import { triggersOf } from './support.ts'

const DAY_MS = 86_400_000
/** Eight in the morning in São Paulo, tomorrow: no alarm rings by itself while a test runs. */
const MORNING = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS + 11 * 3_600_000).getTime()
const daily = { cron: '0 8 * * *', time_zone: 'America/Sao_Paulo' }

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

interface Scheduled {
  readonly workflowId: string
  readonly id: string
}

const graphOf = (config: object) =>
  chain([
    { id: 'clock', type: 'trigger.schedule', config: { ...config } },
    setNode('end', { at: '{{ $trigger.scheduled_at }}' }),
  ])

async function createSchedule(config: object = daily): Promise<Scheduled> {
  const { id: workflowId } = await ana.createWorkflow(graphOf(config))
  await ana.call(`/workflows/${workflowId}/publish`, { json: {} })
  const [trigger] = await triggersOf(ana, workflowId)
  return { workflowId, id: trigger?.id ?? '' }
}

const actorOf = ({ id }: Scheduled) => env.SCHEDULE.getByName(id)
const alarmOf = (one: Scheduled) => runInDurableObject(actorOf(one), (_, state) => state.storage.getAlarm())

/** The alarm rings at this time. */
async function ring(one: Scheduled, now: number): Promise<boolean> {
  vi.spyOn(Date, 'now').mockReturnValue(now)
  try {
    return await runDurableObjectAlarm(actorOf(one))
  } finally {
    vi.restoreAllMocks()
  }
}

async function executionsOf({ workflowId }: Scheduled): Promise<Execution[]> {
  const { body } = await ana.call(`/executions?workflow_id=${workflowId}&size=100`)
  return pageOf(Execution).parse(body).items
}

const timesOf = async (one: Scheduled) =>
  (await executionsOf(one))
    .map(({ inputs }) => z.object({ scheduled_at: z.string() }).parse(inputs).scheduled_at)
    .toSorted()

const fires = (one: Scheduled) => expect.poll(() => timesOf(one))

function iso(time: number): string {
  return new Date(time).toISOString()
}

describe('a schedule', () => {
  it('says when it comes next, sets its alarm for then, and fires then with the published version', async () => {
    const one = await createSchedule()
    expect(await triggersOf(ana, one.workflowId)).toMatchObject([{ kind: 'schedule', status: 'live', url: null }])
    const [shown] = await triggersOf(ana, one.workflowId)
    const next = Date.parse(shown?.next_run_at ?? '')
    expect(await alarmOf(one)).toBe(next)
    await ring(one, next + 20)
    await fires(one).toEqual([iso(next)])
    expect(await executionsOf(one)).toMatchObject([
      { trigger: 'schedule', version: 1, inputs: { type: 'schedule', time_zone: 'America/Sao_Paulo' } },
    ])
    expect(await alarmOf(one)).toBe(next + DAY_MS)
    expect(await triggersOf(ana, one.workflowId)).toMatchObject([{ last_fired_at: iso(next), last_error: null }])
  })

  it('is never early: an alarm before its time changes nothing (P4)', async () => {
    const one = await createSchedule()
    const next = (await alarmOf(one)) ?? 0
    await ring(one, next - 1)
    expect(await alarmOf(one)).toBe(next)
    expect(await executionsOf(one)).toEqual([])
  })

  it('fires once for each time, however often its alarm rings and its actor is evicted', async () => {
    const one = await createSchedule()
    const next = (await alarmOf(one)) ?? 0
    await ring(one, next)
    await evictDurableObject(actorOf(one))
    await ring(one, next + 100)
    // As after a crash between starting the execution and striking the time out.
    await runInDurableObject(actorOf(one), (_, state) => state.storage.sql.exec('INSERT INTO firings VALUES (?)', next))
    await ring(one, next + 2_000)
    await fires(one).toEqual([iso(next)])
    await ring(one, next + DAY_MS)
    await fires(one).toEqual([iso(next), iso(next + DAY_MS)])
    expect(await alarmOf(one)).toBe(next + 2 * DAY_MS)
  })

  it('makes up for missed times as it was told', async () => {
    const next = MORNING
    const late = 3 * DAY_MS + 3_600_000
    const expected = { skip: [], run_once: [3], run_all: [0, 1, 2, 3] }
    for (const [missed, days] of Object.entries(expected)) {
      const one = await createSchedule({ ...daily, missed })
      const first = (await alarmOf(one)) ?? 0
      expect(Math.abs(first - next) % DAY_MS).toBe(0)
      await ring(one, first + late)
      await fires(one).toEqual(days.map((day) => iso(first + day * DAY_MS)))
      expect(await alarmOf(one)).toBe(first + 4 * DAY_MS)
    }
  })

  it('by interval counts from its publication', async () => {
    const one = await createSchedule({ interval_ms: 3_600_000 })
    const first = (await alarmOf(one)) ?? 0
    expect(first - Date.now()).toBeGreaterThan(3_590_000)
    await ring(one, first)
    expect(await alarmOf(one)).toBe(first + 3_600_000)
    await fires(one).toEqual([iso(first)])
  })
})

describe('what changes', () => {
  const patch = ({ workflowId }: Scheduled, json: object) =>
    ana.call(`/workflows/${workflowId}`, { method: 'PATCH', json })

  it('a new publication with other times counts from now, with the same times nothing', async () => {
    const one = await createSchedule()
    const next = await alarmOf(one)
    await ana.call(`/workflows/${one.workflowId}/publish`, { json: {} })
    expect(await alarmOf(one)).toBe(next)
    await patch(one, { definition: graphOf({ interval_ms: 7_200_000 }) })
    expect(await alarmOf(one)).toBe(next)
    await ana.call(`/workflows/${one.workflowId}/publish`, { json: {} })
    expect(await alarmOf(one)).not.toBe(next)
  })

  it('paused, unpublished or deleted it fires no more and leaves nothing behind; active again it goes on', async () => {
    const ends = [
      (one: Scheduled) => patch(one, { is_active: false }),
      (one: Scheduled) => ana.call(`/workflows/${one.workflowId}/unpublish`, { method: 'POST' }),
      (one: Scheduled) => ana.call(`/workflows/${one.workflowId}`, { method: 'DELETE' }),
      async (one: Scheduled) => {
        await patch(one, { definition: graphOf({ interval_ms: 7_200_000 }) })
        await patch(one, { definition: chain([{ id: 'other', type: 'trigger.manual' }]) })
        return ana.call(`/workflows/${one.workflowId}/publish`, { json: {} })
      },
    ]
    for (const end of ends) {
      const one = await createSchedule()
      const next = (await alarmOf(one)) ?? 0
      expect((await end(one)).status).toBeLessThan(300)
      await ring(one, next)
      expect(await executionsOf(one)).toEqual([])
      expect(await alarmOf(one)).toBeNull()
    }
    const one = await createSchedule()
    const next = (await alarmOf(one)) ?? 0
    await patch(one, { is_active: false })
    await ring(one, next)
    await patch(one, { is_active: true })
    expect(await alarmOf(one)).toBe(next)
  })

  it('is found out by itself when word of it is lost behind the commit', async () => {
    const one = await createSchedule()
    await runInDurableObject(actorOf(one), (_, state) => state.storage.deleteAll())
    // What publishing does before its commit; then it crashes.
    await schedule(env, one.id).expect(one.id)
    const soon = (await alarmOf(one)) ?? 0
    expect(soon - Date.now()).toBeLessThanOrEqual(10_000)
    await ring(one, soon)
    const [shown] = await triggersOf(ana, one.workflowId)
    expect(await alarmOf(one)).toBe(Date.parse(shown?.next_run_at ?? ''))
  })

  it('is read again where what is kept was written by another version of ours', async () => {
    const one = await createSchedule()
    const next = (await alarmOf(one)) ?? 0
    await runInDurableObject(actorOf(one), (_, state) =>
      state.storage.sql.exec(`UPDATE schedule SET config = '{"a":1}'`),
    )
    await evictDurableObject(actorOf(one))
    await ring(one, next - 60_000)
    expect(await alarmOf(one)).toBe(next)
  })

  it('that never came, is forgotten', async () => {
    const one = { workflowId: newId(), id: newId() }
    await schedule(env, one.id).expect(one.id)
    await ring(one, Date.now() + 10_000)
    expect(await alarmOf(one)).toBeNull()
  })
})

describe('while PostgreSQL does not answer (P10)', () => {
  it('keeps what came due and fires each of it once when it answers again (P5)', async () => {
    const one = await createSchedule({ ...daily, missed: 'skip' })
    const next = (await alarmOf(one)) ?? 0
    const db = connect(env)
    const table = `"${readConfig(env).DATABASE_SCHEMA}".workflow_triggers`
    const broken = sql.raw(`"${readConfig(env).DATABASE_SCHEMA}".refuse_${newId().slice(-12)}`)
    await db.execute(sql`create function ${broken}() returns trigger language plpgsql as
      $$ begin raise exception 'refused'; end $$`)
    await db.execute(sql`create trigger refuse_${sql.raw(newId().slice(-12))} before update on ${sql.raw(table)}
      for each row when (new.id = ${sql.raw(`'${one.id}'`)}) execute function ${broken}()`)
    for (let time = next; time <= next + 8 * DAY_MS; time += DAY_MS) expect(await ring(one, time)).toBe(true)
    expect(await alarmOf(one)).not.toBeNull()
    await evictDurableObject(actorOf(one))
    await db.execute(sql`drop function ${broken} cascade`)
    await ring(one, next + 8 * DAY_MS + 90_000)
    await fires(one).toEqual(Array.from({ length: 9 }, (_, day) => iso(next + day * DAY_MS)))
    expect(await alarmOf(one)).toBe(next + 9 * DAY_MS)
  })
})
