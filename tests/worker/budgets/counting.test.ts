/** What counts, where, when, and that each threshold is reached once. */
import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { Budget } from '#core/budgets/budget'
import { newId } from '#lib/ids'
import { tellAlerts } from '#services/budgets/deliver-alerts'
import { call } from '#tests/worker/auth/api'
import { post } from '#tests/worker/events/support'
import { createPerson, createTeam } from '#tests/worker/security/people'
import { pageOf } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { alertsOf, BASE, createBudget, db, entry, patch, read, spend, thresholdsOf } from './support.ts'

beforeAll(async () => {
  await call('/auth/me')
})

describe('a budget counts', () => {
  test('what its workspace, agent, workflow, model or member takes, each call once', async () => {
    const { members, stranger } = await createTeam()
    const { owner, editor } = members
    const agent = Reflect.get(
      Object((await post(owner, '/api/v1/agents', { name: 'A', model: 'demo/echo' })).body),
      'id',
    )
    const definition = chain([trigger])
    const workflow = Reflect.get(Object((await post(owner, '/api/v1/workflows', { name: 'W', definition })).body), 'id')
    const targets = [
      ['workspace', null],
      ['agent', String(agent)],
      ['workflow', String(workflow).toUpperCase()],
      ['model', 'openai/gpt-5-mini'],
      ['user', editor.userId],
    ] as const
    const budgets = await Promise.all(targets.map(([scope, target]) => createBudget(owner, { scope, target })))
    const calls = [
      entry(1, { agent_id: String(agent) }),
      entry(0.5, { workflow_id: String(workflow), source: 'execution' }),
      entry(0.25, { model: 'openai/gpt-5-mini' }),
      entry(0.125, { user_id: editor.userId }),
      entry(null),
      entry(0.000000001),
    ]
    await Promise.all(Array.from({ length: 6 }, () => spend(owner, ...calls)))
    await spend(owner, ...calls)
    await spend(stranger, ...calls, entry(100))
    const spent = await Promise.all(budgets.map(async (budget) => (await read(owner, budget)).current.spent))
    expect(spent).toEqual([1.875000001, 1, 0.5, 0.25, 0.125])
    const whole = await read(owner, budgets[0] ?? { id: '' })
    expect(whole.current).toMatchObject({ remaining: 8.124999999, percent: 18.75, reached: [], stopped: false })
  })

  test('what its period had taken before there was a budget, and nothing of the period before', async () => {
    const ana = await createPerson()
    const now = new Date()
    const before = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) - 1
    await spend(ana, entry(6), entry(3, { at: before }), entry(1, { model: 'x/y' }))
    const whole = await createBudget(ana, { limit: 10, thresholds: [50, 80, 100] })
    expect(whole.current).toMatchObject({ spent: 7, remaining: 3, percent: 70, reached: [{ threshold: 50 }] })
    expect((await createBudget(ana, { scope: 'model', target: 'x/y' })).current.spent).toBe(1)
    // A row of last month that comes late is of no period that anybody had a budget for.
    await spend(ana, entry(50, { at: before }))
    expect((await read(ana, whole)).current.spent).toBe(7)
    expect(await thresholdsOf(whole)).toEqual([50])
  })

  test('what was being written while it was made, a moment later', async () => {
    const ana = await createPerson()
    const { id } = await createBudget(ana)
    const { budgets, budgetPeriods } = db.tables
    await spend(ana, entry(9))
    // As if the writer had not seen it: its row is in the ledger, and in no sum.
    await db.update(budgetPeriods).set({ spent: 0 }).where(eq(budgetPeriods.budget_id, id))
    await db.delete(db.tables.budgetAlerts).where(eq(db.tables.budgetAlerts.budget_id, id))
    await tellAlerts(env, ana.workspaceId)
    expect((await read(ana, { id })).current.spent).toBe(0)
    await db
      .update(budgets)
      .set({ recount_at: new Date() })
      .where(and(eq(budgets.id, id), eq(budgets.workspace_id, ana.workspaceId)))
    await tellAlerts(env, ana.workspaceId)
    expect((await read(ana, { id })).current).toMatchObject({
      spent: 9,
      reached: [{ threshold: 50 }, { threshold: 80 }],
    })
    const [row] = await db.select().from(budgets).where(eq(budgets.id, id))
    expect(row?.recount_at).toBeNull()
  })
})

describe('a threshold', () => {
  test('is reached once, by however many calls at once, and nobody’s call is lost', async () => {
    const ana = await createPerson()
    const budget = await createBudget(ana, { limit: 10 })
    const other = await createBudget(ana, { limit: 20, period: 'day' })
    const calls = Array.from({ length: 100 }, () => entry(0.1))
    const reached = await Promise.all(calls.map((one) => spend(ana, one)))
    expect(await thresholdsOf(budget)).toEqual([50, 80, 100])
    expect(await thresholdsOf(other)).toEqual([50])
    expect(reached.filter(Boolean).length).toBeLessThanOrEqual(4)
    // Each of them once more, as after a crash.
    expect((await Promise.all(calls.map((one) => spend(ana, one)))).some(Boolean)).toBe(false)
    expect((await read(ana, budget)).current).toMatchObject({ spent: 10, percent: 100, remaining: 0 })
    expect((await alertsOf(budget)).map(({ spent }) => spent)).toEqual([5, 8, 10])
  })

  test('is reached with others in one call, and exactly at its percent', async () => {
    const ana = await createPerson()
    const budget = await createBudget(ana, { limit: 0.000009, thresholds: [33, 100, 33, 150] })
    expect(budget.thresholds).toEqual([33, 100, 150])
    await spend(ana, entry(0.000002969))
    expect(await thresholdsOf(budget)).toEqual([])
    await spend(ana, entry(0.000000001))
    expect(await thresholdsOf(budget)).toEqual([33])
    await spend(ana, entry(1))
    expect(await thresholdsOf(budget)).toEqual([33, 100, 150])
  })

  test('comes again in the next period, which begins at the zone’s own midnight', async () => {
    const ana = await createPerson()
    const made = new Date('2031-03-01T12:00:00Z')
    const budget = await createBudget(ana, { limit: 1, period: 'day', timezone: 'Asia/Kathmandu', thresholds: [100] })
    await db.update(db.tables.budgets).set({ created_at: made }).where(eq(db.tables.budgets.id, budget.id))
    // Midnight in Kathmandu is 18:15 in UTC.
    const at = (time: string) => ({ at: Date.parse(time) })
    await spend(ana, entry(0.6, at('2031-03-10T18:14:59.999Z')))
    await spend(ana, entry(0.6, at('2031-03-10T18:15:00Z')))
    expect(await alertsOf(budget)).toEqual([])
    await spend(ana, entry(0.6, at('2031-03-11T18:14:59Z')), entry(2, at('2031-03-12T00:00:00Z')))
    const alerts = await alertsOf(budget)
    expect(alerts.map(({ period_start }) => period_start.toISOString()).toSorted()).toEqual([
      '2031-03-10T18:15:00.000Z',
      '2031-03-11T18:15:00.000Z',
    ])
    // What comes late belongs to the day on which it happened.
    await spend(ana, entry(0.4, at('2031-03-10T10:00:00Z')))
    expect(await alertsOf(budget)).toHaveLength(3)
  })

  test('days on which the clocks change, weeks and months have their own ends', async () => {
    const ana = await createPerson()
    const hours = async (period: string) => {
      const { current } = await createBudget(ana, { period, timezone: 'America/New_York' })
      return [current.from, (Date.parse(current.to) - Date.parse(current.from)) / 3_600_000] as const
    }
    const [day, week, month] = [await hours('day'), await hours('week'), await hours('month')]
    expect(day[1]).toBeGreaterThanOrEqual(23)
    expect(new Date(week[0]).toLocaleString('en', { weekday: 'short', timeZone: 'America/New_York' })).toBe('Mon')
    expect(week[1]).toBeGreaterThanOrEqual(167)
    expect(month[1]).toBeGreaterThanOrEqual(28 * 24 - 1)
  })

  test('can be reached again when a raised limit puts it ahead, and is told at once when a lowered one puts it behind', async () => {
    const ana = await createPerson()
    const budget = await createBudget(ana, { limit: 10 })
    await spend(ana, entry(8))
    expect(await thresholdsOf(budget)).toEqual([50, 80])
    // 8 of 12: 80 % is ahead again, 50 % is not.
    const raised = await patch(ana, budget, { limit: 12 })
    expect(raised.current).toMatchObject({ percent: 66.67, reached: [{ threshold: 50 }] })
    await spend(ana, entry(1.6))
    expect(await thresholdsOf(budget)).toEqual([50, 80, 80])
    const lowered = await patch(ana, budget, { limit: 9 })
    expect(lowered.current.reached.map(({ threshold }) => threshold)).toEqual([50, 80, 100])
    await patch(ana, budget, { thresholds: [20, 50] })
    expect(await thresholdsOf(budget)).toEqual([50, 80, 80, 100, 20])
  })

  test('misses no call while the same click makes its budget again and again', async () => {
    const ana = await createPerson()
    const headers = { 'Idempotency-Key': newId() }
    const click = () => ana.call(BASE, { method: 'POST', body: { name: 'x', limit: 10 }, headers })
    await click()
    await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? click() : spend(ana, entry(0.25)))))
    const { items } = pageOf(Budget).parse(JSON.parse((await ana.call(BASE)).text))
    expect(items).toMatchObject([{ current: { spent: 10, reached: [{}, {}, {}] } }])
  })

  test('is missed by no call while the limit is moved to and fro', async () => {
    const ana = await createPerson()
    const budget = await createBudget(ana, { limit: 10 })
    const work = Array.from({ length: 40 }, (_, index) =>
      index % 4 === 0 ? patch(ana, budget, { limit: index % 8 === 0 ? 10 : 1_000 }) : spend(ana, entry(0.5)),
    )
    await Promise.all(work)
    const last = await patch(ana, budget, { limit: 10 })
    expect(last.current.spent).toBe(15)
    expect(last.current.reached.map(({ threshold }) => threshold)).toEqual([50, 80, 100])
  })
})

test('a budget that is deleted in the middle of calls takes no ledger row with it', async () => {
  const ana = await createPerson()
  const budgets = await Promise.all(Array.from({ length: 5 }, () => createBudget(ana)))
  const calls = Array.from({ length: 60 }, () => entry(1, { key: newId() }))
  await Promise.all([
    ...calls.map((one) => spend(ana, one)),
    ...budgets.map(({ id }) => ana.call(`${BASE}/${id}`, { method: 'DELETE' })),
  ])
  const { usageLedger: ledger } = db.tables
  expect(await db.$count(ledger, eq(ledger.workspace_id, ana.workspaceId))).toBe(60)
  const { budgetAlerts: alerts, budgetPeriods: periods } = db.tables
  expect(await db.$count(alerts, eq(alerts.workspace_id, ana.workspaceId))).toBe(0)
  expect(await db.$count(periods, eq(periods.workspace_id, ana.workspaceId))).toBe(0)
})
