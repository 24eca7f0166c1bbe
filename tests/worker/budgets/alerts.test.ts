/** Who is told that a threshold was reached: once, also after crashes, and nobody who should not be. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isSigned } from '#auth/webhook-signature'
import { readConfig } from '#config'
import { newId } from '#lib/ids'
import { tellAlerts } from '#services/budgets/deliver-alerts'
import { mailAlerts } from '#services/budgets/mail-alerts'
import { sweepBudgets } from '#services/maintenance/sweep-budgets'
import { call } from '#tests/worker/auth/api'
import { mailsTo } from '#tests/worker/auth/mail'
import { fine, ring, subscribe } from '#tests/worker/events/support'
import { createPerson, createTeam } from '#tests/worker/security/people'
import { requestsOf } from '#tests/worker/support/api'
import { alertsOf, BASE, confirm, createBudget, db, entry, patch, read, spend, toldTo } from './support.ts'

const { budgetAlerts: alerts, users, workspaceMembers: members } = db.tables

beforeAll(async () => {
  await call('/auth/me')
})

/** Mail as a server takes it, or does not. */
function mailServer(answers: readonly number[] = []) {
  const taken: string[] = []
  let asked = 0
  const fetch: Fetcher['fetch'] = async (_, init) => {
    const status = answers[asked] ?? 204
    asked += 1
    const { to } = z.object({ to: z.string() }).parse(await new Response(init?.body).json())
    if (status === 204) taken.push(to)
    return new Response(null, { status })
  }
  return { taken, asked: () => asked, env: { ...env, MAIL_OUTBOX: { fetch } } }
}

/** A budget in a workspace whose actor nobody has woken yet: what is owed is told when the test says so. */
async function quiet(mail = true) {
  const { members: people, workspaceId } = await createTeam()
  await confirm(people.admin, people.editor)
  const id = newId()
  const mail_to = mail ? [people.admin.userId, people.editor.userId] : []
  const money = { limit: 10, thresholds: [50, 80, 100], hard_stop: false }
  const what = { name: 'Mês', scope: 'workspace', period: 'month', timezone: 'UTC', ...money } as const
  await db.insert(db.tables.budgets).values({ id, workspace_id: workspaceId, ...what, mail_to })
  return { people, workspaceId, budget: await read(people.owner, { id }) }
}

describe('a threshold that is reached', () => {
  test('is a signed event for whoever subscribes, and a mail in both languages for whom the budget names', async () => {
    const { people, workspaceId, budget } = await quiet()
    const { owner, admin, editor, viewer } = people
    const [wanted, other] = [fine(), fine()]
    const { secret } = await subscribe(owner, wanted.url, ['budget.reached'])
    await subscribe(owner, other.url, ['file.uploaded'])
    expect(await spend(owner, entry(5.5))).toBe(true)
    await ring(owner)
    await expect.poll(async () => (await toldTo(wanted.key)).length).toBe(1)
    const [told] = await toldTo(wanted.key)
    expect(told).toEqual({
      type: 'budget.reached',
      timestamp: expect.any(String),
      workspace_id: workspaceId,
      data: {
        budget_id: budget.id,
        name: 'Mês',
        scope: 'workspace',
        target: null,
        period: 'month',
        timezone: 'UTC',
        period_start: budget.current.from,
        period_end: budget.current.to,
        threshold: 50,
        limit: 10,
        spent: 5.5,
        percent: 55,
        hard_stop: false,
      },
    })
    const [sent] = await requestsOf(wanted.key)
    const headers = new Headers(Object.entries(sent?.headers ?? {}).map(([name, value]) => [name, String(value)]))
    const signed = { headers, body: new TextEncoder().encode(sent?.body) }
    expect(isSigned(secret ?? '', signed, Date.now())).toBe(true)
    await expect.poll(async () => (await mailsTo(admin.email)).length).toBe(1)
    const [mail] = await mailsTo(admin.email)
    expect(mail?.subject).toBe('SynapScale: orçamento "Mês" em 55 % / SynapScale: budget "Mês" at 55 %')
    expect(mail?.text).toMatch(/US\$ 5\.50 de US\$ 10\.00[\s\S]*US\$ 5\.50 of US\$ 10\.00/)
    await expect.poll(async () => (await mailsTo(editor.email)).length).toBe(1)
    expect(await mailsTo(viewer.email)).toEqual([])
    expect(await toldTo(other.key)).toEqual([])
    // Again and again nothing comes of it.
    await spend(owner, entry(0.1))
    await ring(owner)
    expect([(await toldTo(wanted.key)).length, (await mailsTo(admin.email)).length]).toEqual([1, 1])
  })

  test('with others at once is an event each and one mail, of the highest', async () => {
    const { people, budget } = await quiet()
    const { key, url } = fine()
    await subscribe(people.owner, url, ['budget.reached'])
    await spend(people.owner, entry(11))
    await ring(people.owner)
    await expect
      .poll(async () => (await toldTo(key)).map(({ data }) => data.threshold).toSorted((a, b) => a - b), {
        timeout: 10_000,
      })
      .toEqual([50, 80, 100])
    await expect.poll(async () => (await mailsTo(people.admin.email)).map(({ subject }) => subject)).toHaveLength(1)
    expect((await mailsTo(people.admin.email))[0]?.subject).toContain('110 %')
    expect((await alertsOf(budget)).every(({ mail_at, told_at }) => mail_at === null && told_at !== null)).toBe(true)
  })

  test('is told by the sweep when the process died before anybody was', async () => {
    const { people, workspaceId, budget } = await quiet()
    const { key, url } = fine()
    await subscribe(people.owner, url, ['budget.reached'])
    await spend(people.owner, entry(5))
    const long = new Date(Date.now() - 10 * 60_000)
    await db.update(alerts).set({ fired_at: long, mail_at: long }).where(eq(alerts.budget_id, budget.id))
    await sweepBudgets({ env, config: readConfig(env), db, now: Date.now })
    await runDurableObjectAlarm(env.EVENT_DISPATCH.getByName(workspaceId))
    await expect.poll(async () => (await toldTo(key)).length).toBe(1)
    await expect.poll(async () => (await mailsTo(people.editor.email)).length).toBe(1)
  })

  test('is one event, however often its telling is cut off and repeated', async () => {
    const { people, workspaceId, budget } = await quiet(false)
    const { id } = await subscribe(people.owner, fine().url, ['budget.reached'])
    await spend(people.owner, entry(5))
    await Promise.all(Array.from({ length: 5 }, () => tellAlerts(env, workspaceId)))
    // As if the mark had been lost.
    await db.update(alerts).set({ told_at: null }).where(eq(alerts.budget_id, budget.id))
    await tellAlerts(env, workspaceId)
    const { eventDeliveries: deliveries } = db.tables
    expect(await db.$count(deliveries, eq(deliveries.subscription_id, id))).toBe(1)
  })
})

describe('mail', () => {
  test('that is not taken comes again later, for whom it did not reach alone', async () => {
    const { people, workspaceId, budget } = await quiet()
    await spend(people.owner, entry(5))
    const server = mailServer([204, 500])
    await mailAlerts(server.env, workspaceId)
    expect(server.taken).toHaveLength(1)
    await mailAlerts(server.env, workspaceId)
    expect(server.asked()).toBe(2)
    const [waiting] = await alertsOf(budget)
    expect(waiting).toMatchObject({ mail_attempts: 1 })
    expect(waiting?.mail_at?.getTime()).toBeGreaterThan(Date.now())
    await db.update(alerts).set({ mail_at: new Date() }).where(eq(alerts.budget_id, budget.id))
    await mailAlerts(server.env, workspaceId)
    await mailAlerts(server.env, workspaceId)
    expect(server.taken.toSorted()).toEqual([people.admin.email, people.editor.email].toSorted())
  })

  test('is given up after a day of a server that takes none', async () => {
    const { people, workspaceId, budget } = await quiet()
    await spend(people.owner, entry(5))
    const server = mailServer(Array.from({ length: 100 }, () => 500))
    for (let attempt = 0; attempt < 15; attempt += 1) {
      const isOwed = and(eq(alerts.budget_id, budget.id), eq(alerts.mail_attempts, attempt))
      await db.update(alerts).set({ mail_at: new Date() }).where(isOwed)
      await mailAlerts(server.env, workspaceId)
      if ((await alertsOf(budget))[0]?.mail_at === null) break
    }
    expect(await alertsOf(budget)).toMatchObject([{ mail_at: null, mail_attempts: 11 }])
  })

  test('reaches who can be reached, however many before cannot', async () => {
    const { people, workspaceId, budget } = await quiet()
    const { owner, admin, editor, viewer } = people
    await confirm(owner, viewer)
    const [good, ...bad] = [owner, admin, editor, viewer].toSorted((a, b) => (a.userId < b.userId ? 1 : -1))
    const { budgets } = db.tables
    const mail_to = [...bad, ...(good ? [good] : [])].map(({ userId }) => userId)
    await db.update(budgets).set({ mail_to }).where(eq(budgets.id, budget.id))
    await spend(owner, entry(5))
    const server = mailServer([500, 500, 500, 204])
    await mailAlerts(server.env, workspaceId)
    expect(server.taken).toEqual([])
    await db.update(alerts).set({ mail_at: new Date() }).where(eq(alerts.budget_id, budget.id))
    await mailAlerts(server.env, workspaceId)
    expect(server.taken[0]).toBe(good?.email)
  })

  test('goes to nobody who has left, or whose account is closed', async () => {
    const { people, workspaceId } = await quiet()
    await db.delete(members).where(and(eq(members.workspace_id, workspaceId), eq(members.user_id, people.admin.userId)))
    await db.update(users).set({ is_active: false }).where(eq(users.id, people.editor.userId))
    await spend(people.owner, entry(5))
    const server = mailServer()
    await mailAlerts(server.env, workspaceId)
    expect(server.asked()).toBe(0)
  })

  test('does not fill mailboxes where a limit goes up and down', async () => {
    const ana = await createPerson()
    await confirm(ana)
    const budget = await createBudget(ana, { mail_to: [ana.email], thresholds: [100] })
    await spend(ana, entry(10))
    const server = mailServer()
    for (let round = 0; round < 40; round += 1) {
      await mailAlerts(server.env, ana.workspaceId)
      await patch(ana, budget, { limit: 20 })
      await patch(ana, budget, { limit: 10 })
    }
    const mailed = server.taken.length + (await mailsTo(ana.email)).length
    expect(mailed).toBeGreaterThan(20)
    // The actor and this test mail at the same time, and may both have one under way.
    expect(mailed).toBeLessThan(35)
    expect((await ana.call(`${BASE}/${budget.id}`, { method: 'DELETE' })).status).toBe(204)
  })
})
