/** Budgets over the API: who may what, what is refused, and that a second click makes nothing new. */
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Budget, BUDGETS_MAX } from '#core/budgets/budget'
import { newId } from '#lib/ids'
import { post } from '#tests/worker/events/support'
import { as, type Caller, createPerson, createTeam, type Team } from '#tests/worker/security/people'
import { pageOf } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { BASE, confirm, createBudget, db, entry, patch, read, spend } from './support.ts'

let team: Team
let owner: Caller
beforeAll(async () => {
  team = await createTeam()
  owner = team.members.owner
})

const refused = async (who: Caller, body: object) => {
  const answer = await post(who, BASE, { name: 'x', limit: 1, ...body })
  const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).default([]) })
  const { code, errors } = Problem.parse(answer.body)
  return [answer.status, code, errors.map(({ pointer }) => pointer)] as const
}

describe('a budget', () => {
  test('is made, read, changed and deleted by administrators, read by every member, and is nobody else’s', async () => {
    const { admin, editor, viewer } = team.members
    const made = await createBudget(admin, { name: '  Março  ', limit: 12.5, hard_stop: true })
    expect(made).toMatchObject({
      name: 'Março',
      scope: 'workspace',
      target: null,
      period: 'month',
      timezone: 'UTC',
      limit: 12.5,
      thresholds: [50, 80, 100],
      hard_stop: true,
      mail_to: [],
      current: { spent: 0, remaining: 12.5, percent: 0, reached: [], stopped: false },
    })
    expect(await read(viewer, made)).toEqual(made)
    expect((await editor.call(`${BASE}/${made.id}`, { method: 'PATCH', body: { limit: 1 } })).status).toBe(403)
    expect((await post(editor, BASE, { name: 'x', limit: 1 })).status).toBe(403)
    const changed = await patch(admin, made, { name: 'Abril', thresholds: [90, 10, 90], hard_stop: false })
    expect(changed).toMatchObject({ name: 'Abril', thresholds: [10, 90], hard_stop: false, limit: 12.5 })
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const body = method === 'PATCH' ? { body: { limit: 1 } } : {}
      expect((await team.stranger.call(`${BASE}/${made.id}`, { method, ...body })).status).toBe(404)
    }
    expect((await admin.call(`${BASE}/${made.id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await admin.call(`${BASE}/${made.id}`)).status).toBe(404)
    const { auditLog } = db.tables
    const lines = await db.select().from(auditLog).where(eq(auditLog.resource_id, made.id))
    expect(lines.map(({ action }) => action).toSorted()).toEqual(['budget.changed', 'budget.created', 'budget.deleted'])
    expect(lines.every(({ user_id }) => user_id === admin.userId)).toBe(true)
  })

  test('is listed by scope, target and name, page by page', async () => {
    const ana = await createPerson()
    const list = async (query: string) => pageOf(Budget).parse(JSON.parse((await ana.call(`${BASE}?${query}`)).text))
    const names = ['Um 100%', 'Dois', 'Três']
    for (const name of names) await createBudget(ana, { name, scope: 'model', target: `x/${name.slice(0, 2)}` })
    await createBudget(ana, { name: 'Tudo' })
    await spend(ana, entry(4, { model: 'x/Do' }))
    expect((await list('')).items.map(({ name }) => name)).toEqual(['Tudo', 'Três', 'Dois', 'Um 100%'])
    expect(await list('size=2&page=2&scope=model')).toMatchObject({ total: 3, pages: 2, items: [{ name: 'Um 100%' }] })
    expect((await list('target=x/Do')).items).toMatchObject([{ name: 'Dois', current: { spent: 4, percent: 40 } }])
    expect((await list('search=0%25')).items.map(({ name }) => name)).toEqual(['Um 100%'])
    expect((await ana.call(`${BASE}?scope=none`)).status).toBe(422)
    for (const junk of ['target=%00', 'search=%00', 'target=%ED%A0%80', 'search=%25%5C']) {
      expect((await ana.call(`${BASE}?${junk}`)).status).toBeLessThan(500)
    }
  })

  test('is made once, however often the same click comes', async () => {
    const ana = await createPerson()
    const key = newId()
    const click = (body: Record<string, unknown> = { name: 'x', limit: 1 }) =>
      ana.call(BASE, { method: 'POST', body, headers: { 'Idempotency-Key': key } })
    const answers = await Promise.all(Array.from({ length: 8 }, () => click()))
    expect(new Set(answers.map(({ text }) => Budget.parse(JSON.parse(text)).id)).size).toBe(1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect((await click({ name: 'y', limit: 1 })).status).toBe(422)
    const { budgets } = db.tables
    expect(await db.$count(budgets, eq(budgets.workspace_id, ana.workspaceId))).toBe(1)
  })

  test(`is the last one after ${BUDGETS_MAX}`, async () => {
    const ana = await createPerson()
    const { id } = await createBudget(ana)
    const { budgets } = db.tables
    const [row] = await db.select().from(budgets).where(eq(budgets.id, id))
    if (row === undefined) throw new Error('no row')
    await db.insert(budgets).values(Array.from({ length: BUDGETS_MAX - 1 }, () => ({ ...row, id: newId() })))
    expect(await refused(ana, {})).toEqual([409, 'too_many_budgets', []])
    await spend(ana, entry(1))
    expect((await read(ana, { id })).current.spent).toBe(1)
  })
})

describe('what makes no sense is refused', () => {
  test.each([
    [{ limit: 0 }, '/limit'],
    [{ limit: -1 }, '/limit'],
    [{ limit: 1e-12 }, '/limit'],
    [{ limit: 1e300 }, '/limit'],
    [{ limit: '1' }, '/limit'],
    [{ name: ' ' }, '/name'],
    [{ name: 'a\r\nBcc: x@example.com' }, '/name'],
    [{ name: 'nul\u0000' }, '/name'],
    [{ thresholds: [0] }, '/thresholds/0'],
    [{ thresholds: [50.5] }, '/thresholds/0'],
    [{ thresholds: Array.from({ length: 11 }, (_, index) => index + 1) }, '/thresholds'],
    [{ period: 'year' }, '/period'],
    [{ timezone: '+03:00' }, '/timezone'],
    [{ timezone: "UTC'; drop table budgets" }, '/timezone'],
    [{ scope: 'workspace', target: 'x/y' }, '/target'],
    [{ scope: 'model' }, '/target'],
    [{ scope: 'model', target: 'gpt' }, '/target'],
    [{ scope: 'agent', target: 'x/y' }, '/target'],
    [{ mail_to: ['nobody'] }, '/mail_to/0'],
    [{ workspace_id: newId() }, '/workspace_id'],
    [{ spent: 0 }, '/spent'],
  ])('%j', async (body, pointer) => {
    expect(await refused(owner, body)).toEqual([422, 'validation_failed', [pointer]])
  })

  test('a zone that only one of us knows', async () => {
    const ana = await createPerson()
    // Whatever PostgreSQL's list lacks must never reach the statement that writes the ledger.
    for (const timezone of ['utc', 'America/Ciudad_Juarez', 'Etc/Unknown', 'GMT']) {
      const answer = await post(ana, BASE, { name: 'x', limit: 1, timezone })
      expect([201, 422]).toContain(answer.status)
    }
    await spend(ana, entry(1))
    const { usageLedger: ledger } = db.tables
    expect(await db.$count(ledger, eq(ledger.workspace_id, ana.workspaceId))).toBe(1)
  })

  test('things of another workspace, and of none', async () => {
    const { stranger } = team
    const made = async (path: string, body: object) =>
      z.object({ id: z.string() }).parse((await post(stranger, path, body)).body).id
    const agent = await made('/api/v1/agents', { name: 'A', model: 'demo/echo' })
    const workflow = await made('/api/v1/workflows', { name: 'W', definition: chain([trigger]) })
    for (const [scope, target] of [
      ['agent', agent],
      ['workflow', workflow],
      ['user', stranger.userId],
      ['agent', newId()],
    ]) {
      expect(await refused(owner, { scope, target })).toEqual([404, 'not_found', []])
    }
  })

  test('mail to whoever is no member, or has not confirmed the address', async () => {
    const { admin, editor, viewer } = team.members
    await confirm(admin, editor, team.stranger)
    const mail_to = [admin.email, team.stranger.email, 'who@example.com', viewer.email, editor.email.toUpperCase()]
    expect(await refused(owner, { mail_to })).toEqual([
      422,
      'validation_failed',
      ['/mail_to/1', '/mail_to/2', '/mail_to/3'],
    ])
    const budget = await createBudget(owner, { mail_to: [admin.email, editor.email.toUpperCase(), admin.email] })
    expect(budget.mail_to).toEqual([admin.email, editor.email].toSorted())
    const bad = await owner.call(`${BASE}/${budget.id}`, { method: 'PATCH', body: { mail_to: ['who@example.com'] } })
    expect(bad.status).toBe(422)
    // In another of one's own workspaces its members are nobody either.
    const mine = as(owner, { workspaceId: owner.personalWorkspaceId })
    expect(await refused(mine, { mail_to: [admin.email] })).toEqual([422, 'validation_failed', ['/mail_to/0']])
  })

  test('what a budget counts does not change', async () => {
    const budget = await createBudget(owner)
    for (const body of [{ scope: 'user' }, { period: 'day' }, { timezone: 'UTC' }, { target: null }]) {
      expect((await owner.call(`${BASE}/${budget.id}`, { method: 'PATCH', body })).status).toBe(422)
    }
    expect(await read(owner, budget)).toMatchObject({ scope: 'workspace', period: 'month' })
  })
})
