/** What a service may ask of the database once it is known who calls: only of the caller's workspace. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { connectWithin } from '#db/connect'
import { WorkspaceForgotten } from '#db/tenant-guard'

const OWN = crypto.randomUUID()
const OTHER = crypto.randomUUID()
const db = connectWithin(env, OWN)
const { workflows, executions, auditLog, users } = db.tables

test('a query that names the own workspace goes through', async () => {
  expect(await db.select().from(workflows).where(eq(workflows.workspace_id, OWN))).toEqual([])
})

test('what belongs to no workspace needs none', async () => {
  await expect(db.select({ id: users.id }).from(users).limit(1)).resolves.toBeInstanceOf(Array)
})

test.each([
  ['a read', () => db.select().from(workflows)],
  ['a read by id', () => db.select().from(workflows).where(eq(workflows.id, OWN))],
  ['a read of another workspace', () => db.select().from(workflows).where(eq(workflows.workspace_id, OTHER))],
  ['a count', () => db.$count(executions)],
  ['a join', () => db.select({ id: users.id }).from(users).innerJoin(workflows, eq(workflows.created_by, users.id))],
  ['a change', () => db.update(workflows).set({ name: 'x' }).where(eq(workflows.id, OWN))],
  ['a deletion', () => db.delete(workflows).where(eq(workflows.id, OWN))],
  [
    'an insert into another workspace',
    () =>
      db
        .insert(auditLog)
        .values({ id: OTHER, workspace_id: OTHER, actor_kind: 'system', action: 'x', resource_type: 'x' }),
  ],
])('%s without it throws before it is sent', async (_, query) => {
  await expect(Promise.resolve(query())).rejects.toBeInstanceOf(WorkspaceForgotten)
})

test('in a batch too, and nothing of the batch happens', async () => {
  const fine = db.select().from(workflows).where(eq(workflows.workspace_id, OWN))
  await expect(db.batch([fine, db.delete(workflows)])).rejects.toBeInstanceOf(WorkspaceForgotten)
})
