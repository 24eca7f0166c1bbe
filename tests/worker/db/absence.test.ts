import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { connect, type Db } from '#db/connect'
import { DatabaseUnavailable } from '#db/errors'
import { DATABASE_URL, WAYS } from './ways.ts'

const DEADLINE_MS = 5_000
const QUICKLY_MS = 1_500

function urlWith(change: (url: URL) => void): string {
  const url = new URL(DATABASE_URL)
  change(url)
  return url.href
}

const ABSENT: readonly (readonly [string, string])[] = [
  ['a closed port', urlWith((url) => (url.port = '1'))],
  ['a wrong password', urlWith((url) => (url.password = 'wrong'))],
  ['an unknown database', urlWith((url) => (url.pathname = '/nowhere'))],
  ['a server without TLS where TLS is asked for', urlWith((url) => url.searchParams.set('sslmode', 'require'))],
  ['an unknown host', urlWith((url) => (url.hostname = 'no-such-host.invalid'))],
]

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

const pidOf = async (db: Db) => (await db.execute(sql`select pg_backend_pid() as pid`))[0]?.['pid']

/** From outside of the way that is tested. Waits until the server process has gone. */
async function terminateAll(where = sql`true`): Promise<void> {
  const admin = connect({ ...env, HYPERDRIVE: { connectionString: DATABASE_URL } })
  await admin.execute(
    sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity
        where pid <> pg_backend_pid() and backend_type = 'client backend' and ${where}`,
  )
}

describe.each(WAYS)('a PostgreSQL that is away, through $name', ({ connectTo }) => {
  beforeAll(async () => void (await connectTo(DATABASE_URL).execute(sql`select 1`)))

  test.each(ABSENT)('%s is unavailable, and quickly', async (_, url) => {
    const db = connectTo(url)
    const ask = () => expect(db.execute(sql`select 1`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    expect(await timeOf(ask)).toBeLessThan(QUICKLY_MS)
    expect(await timeOf(ask)).toBeLessThan(QUICKLY_MS)
    await expect(db.batch([db.execute(sql`select 1`)])).rejects.toBeInstanceOf(DatabaseUnavailable)
  })

  test('a slow statement is given up in time, and the others go on', async () => {
    const db = connectTo(DATABASE_URL)
    const slow = expect(db.execute(sql`select pg_sleep(20)`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    expect(await db.execute(sql`select 1 as beside`)).toEqual([{ beside: 1 }])
    expect(await timeOf(() => slow)).toBeLessThan(DEADLINE_MS)
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })

  test('as many slow statements as there are connections delay the others no longer than the deadline', async () => {
    const db = connectTo(DATABASE_URL)
    const slow = Array.from({ length: 6 }, () => db.execute(sql`select pg_sleep(20)`))
    const outcomes = Promise.allSettled([...slow, db.execute(sql`select 1`)])
    expect(await timeOf(() => outcomes)).toBeLessThan(DEADLINE_MS)
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })

  test('an idle connection that the server has ended is not used again', async () => {
    const db = connectTo(DATABASE_URL)
    const pid = await pidOf(db)
    await terminateAll()
    expect(await pidOf(db)).not.toBe(pid)
  })

  test('a connection that ends under a statement fails it, and the next one works', async () => {
    const db = connectTo(DATABASE_URL)
    const hit = expect(db.execute(sql`select pg_sleep(3)`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    await expect.poll(async () => db.$count(sql`pg_stat_activity`, sql`query like 'select pg_sleep(3)%'`)).toBe(1)
    await terminateAll(sql`query like 'select pg_sleep(3)%'`)
    await hit
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })
})

describe('the pool actor', () => {
  const db = connect(env)

  test('keeps its connections from one query to the next', async () => {
    expect(await pidOf(db)).toBe(await pidOf(db))
  })

  test('comes back after it was reset, as by a deploy', async () => {
    const pid = await pidOf(db)
    // Not `evictDurableObject`: open sockets are references that it waits for.
    await abortAllDurableObjects()
    expect(await pidOf(db)).not.toBe(pid)
  })

  test('a query that is under way when it is reset is unavailable', async () => {
    const hit = expect(db.execute(sql`select pg_sleep(3)`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    await expect.poll(async () => db.$count(sql`pg_stat_activity`, sql`query like 'select pg_sleep(3)%'`)).toBe(1)
    await abortAllDurableObjects()
    await hit
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })

  test('opens no more than six connections', async () => {
    await terminateAll()
    await Promise.all(Array.from({ length: 50 }, () => db.execute(sql`select pg_sleep(0.01)`)))
    const open = await db.$count(
      sql`pg_stat_activity`,
      sql`application_name = 'postgres.js' and pid <> pg_backend_pid()`,
    )
    expect(open).toBeLessThan(6)
  })
})
