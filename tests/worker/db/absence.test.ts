import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql, type SQL } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { connect, type Db } from '#db/connect'
import { DatabaseUnavailable } from '#db/errors'
import { DATABASE_URL, WAYS } from './ways.ts'

const DEADLINE_MS = 5_000
const QUICKLY_MS = 1_500

/** Other suites use the same server at the same time: only what carries this name may be ended. */
const NAME = `absence ${crypto.randomUUID()}`
const NAMED_URL = urlNamed(NAME)

function urlWith(change: (url: URL) => void): string {
  const url = new URL(DATABASE_URL)
  change(url)
  return url.href
}

function urlNamed(name: string): string {
  return urlWith((url) => url.searchParams.set('application_name', name))
}

const ABSENT: readonly (readonly [string, string])[] = [
  ['a closed port', urlWith((url) => (url.port = '1'))],
  ['a wrong password', urlWith((url) => (url.password = 'wrong'))],
  ['an unknown database', urlWith((url) => (url.pathname = '/nowhere'))],
  ['a server without TLS where TLS is asked for', urlWith((url) => url.searchParams.set('sslmode', 'require'))],
]

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

const pidOf = async (db: Db) => (await db.execute(sql`select pg_backend_pid() as pid`))[0]?.['pid']

/** Sees and does things from outside of the way that is tested. */
const admin = () => connect({ ...env, HYPERDRIVE: { connectionString: DATABASE_URL } })
const countProcesses = (where: SQL) => admin().$count(sql`pg_stat_activity`, where)

/** Waits until the server's processes have gone. */
async function terminate(where: SQL): Promise<void> {
  await admin().execute(sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity where ${where}`)
}

/** By when a connection's end has been heard here too: the process is gone a moment before. */
const HEARD_MS = 100

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
    const db = connectTo(NAMED_URL)
    const pid = await pidOf(db)
    await terminate(sql`application_name = ${NAME}`)
    await scheduler.wait(HEARD_MS)
    expect(await pidOf(db)).not.toBe(pid)
  })

  test('a connection that ends under a statement fails it, and the next one works', async () => {
    const db = connectTo(NAMED_URL)
    const hit = expect(db.execute(sql`select pg_sleep(3)`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    const sleeping = sql`query like 'select pg_sleep(3)%' and application_name = ${NAME}`
    await expect.poll(() => countProcesses(sleeping)).toBe(1)
    await terminate(sleeping)
    await hit
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })

  test('many statements at once open no more than six connections', async () => {
    const name = `many ${crypto.randomUUID()}`
    const db = connectTo(urlNamed(name))
    const all = Promise.all(Array.from({ length: 50 }, () => db.execute(sql`select pg_sleep(0.05)`)))
    const count = () => countProcesses(sql`application_name = ${name}`)
    await expect.poll(count, { interval: 5 }).toBeGreaterThan(1)
    expect(await count()).toBeLessThanOrEqual(6)
    await all
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
    const hit = expect(db.execute(sql`select pg_sleep(3.25)`)).rejects.toBeInstanceOf(DatabaseUnavailable)
    await expect.poll(() => countProcesses(sql`query like 'select pg_sleep(3.25)%'`)).toBe(1)
    await abortAllDurableObjects()
    await hit
    expect(await db.execute(sql`select 1 as after`)).toEqual([{ after: 1 }])
  })
})
