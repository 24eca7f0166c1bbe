/** What becomes of an execution after its end, without waiting for it. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { expect, vi } from 'vitest'
import { connect } from '#db/connect'
import { actorOf } from './api.ts'

const MINUTE_MS = 60_000

/** Rings the alarm of a run that is over, as if its time had come. */
export async function ringLate(id: string, minutes = 11): Promise<void> {
  const then = Date.now() + minutes * MINUTE_MS
  const clock = vi.spyOn(Date, 'now').mockReturnValue(then)
  try {
    await runDurableObjectAlarm(actorOf(id))
  } finally {
    clock.mockRestore()
  }
}

/** Waits until the run owes nothing to anybody, and empties its actor. */
export async function retire(id: string): Promise<void> {
  await expect.poll(async () => (await rowOf(id))?.finished_at ?? null).not.toBeNull()
  await expect.poll(() => owed(id)).toBe(0)
  await ringLate(id)
}

/** The tables that the actor has. */
export function tablesIn(id: string): Promise<string[]> {
  return runInDurableObject(actorOf(id), (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
      .map(({ name }) => name),
  )
}

/** The execution's row in PostgreSQL. */
export async function rowOf(id: string) {
  const db = connect(env)
  const [row] = await db.select().from(db.tables.executions).where(eq(db.tables.executions.id, id))
  return row
}

/** The keys of its objects in R2. */
export async function objectsOf(workspaceId: string, id = ''): Promise<string[]> {
  const prefix = `workspaces/${workspaceId}/executions/${id}`
  return (await env.FILES.list({ prefix })).objects.map(({ key }) => key.slice(prefix.length))
}

function owed(id: string): Promise<number> {
  return runInDurableObject(
    actorOf(id),
    (_, { storage }) => storage.sql.exec<{ count: number }>('SELECT count(*) AS count FROM outbox').one().count,
  )
}
