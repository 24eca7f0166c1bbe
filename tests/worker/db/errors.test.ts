import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { DatabaseError, DatabaseUnavailable } from '#db/errors'
import { newId } from '#lib/ids'
import { DATABASE_URL, WAYS } from './ways.ts'

async function failureOf(query: PromiseLike<unknown>): Promise<unknown> {
  try {
    await query
  } catch (error) {
    return error
  }
  throw new Error('the query succeeded')
}

function allTextOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
  return [...own, JSON.stringify(error), allTextOf(error.cause)].join('\n')
}

const personal = (id: string) => ({ id: newId(), name: 'personal', personal_user_id: id })
const person = (id: string) => ({
  id,
  email: `${id}@x`,
  first_name: 'a',
  last_name: 'b',
  password_hash: '',
  role: 'user' as const,
})

describe.each(WAYS)('failures and batches through $name', ({ connectTo }) => {
  const db = connectTo(DATABASE_URL)
  const { users, workspaces } = db.tables
  beforeAll(async () => void (await db.execute(sql`select 1`)))

  test('a unique violation names its constraint', async () => {
    const user = newId()
    await db.insert(users).values(person(user))
    await db.insert(workspaces).values(personal(user))
    const error = await failureOf(db.insert(workspaces).values(personal(user)))
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ sqlState: '23505', constraint: 'workspaces_personal_key' })
    expect(allTextOf(error)).not.toContain(user)
  })

  test('a violated unique index over an expression names the index', async () => {
    const email = `${newId()}@x`
    await db.insert(users).values({ ...person(newId()), email })
    const error = await failureOf(db.insert(users).values({ ...person(newId()), email: email.toUpperCase() }))
    expect(error).toMatchObject({ sqlState: '23505', constraint: 'users_email_key' })
  })

  test('a refused value is not in the error', async () => {
    const secret = 'a-secret-that-is-no-uuid'
    const error = await failureOf(db.select().from(users).where(eq(users.id, secret)))
    expect(error).toMatchObject({ name: 'DatabaseError', sqlState: '22P02', constraint: undefined })
    expect(allTextOf(error)).not.toContain(secret)
  })

  test('a mistake in the SQL says what is wrong', async () => {
    const error = await failureOf(db.execute(sql`select * from no_such_table where a = ${'secret'}`))
    expect(error).toMatchObject({ sqlState: '42P01', message: expect.stringContaining('no_such_table') })
  })

  test('a parameter without a text form is refused here', async () => {
    await expect(db.execute(sql`select ${{ an: 'object' }}`)).rejects.toThrow(TypeError)
  })

  test('a text that PostgreSQL cannot hold is an error of the statement', async () => {
    await expect(db.execute(sql`select ${'\u0000'}::text`)).rejects.toMatchObject({ sqlState: '22021' })
    expect(await db.execute(sql`select 1 as ok`)).toEqual([{ ok: 1 }])
  })

  test('a batch gives each query what awaiting it would', async () => {
    const user = newId()
    const results = await db.batch([
      db.insert(users).values(person(user)).returning({ id: users.id, created_at: users.created_at }),
      db.insert(workspaces).values(personal(user)),
      db.select({ name: workspaces.name }).from(workspaces).where(eq(workspaces.personal_user_id, user)),
      db.execute(sql`select 1 as one`),
    ])
    expectTypeOf(results[0]).toEqualTypeOf<{ id: string; created_at: Date }[]>()
    expect(results).toEqual([[{ id: user, created_at: expect.any(Date) }], [], [{ name: 'personal' }], [{ one: 1 }]])
    expect(await db.batch([])).toEqual([])
  })

  test('a batch is all or nothing', async () => {
    const user = newId()
    const error = await failureOf(
      db.batch([
        db.insert(users).values(person(user)),
        db.insert(workspaces).values(personal(user)),
        db.insert(workspaces).values(personal(user)),
        db.insert(workspaces).values({ id: newId(), name: 'later' }),
      ]),
    )
    expect(error).toMatchObject({ sqlState: '23505', constraint: 'workspaces_personal_key' })
    expect(await db.select().from(users).where(eq(users.id, user))).toEqual([])
    expect(await db.execute(sql`select 1 as ok`)).toEqual([{ ok: 1 }])
  })

  test('queries beside a batch stay outside of its transaction', async () => {
    const id = newId()
    const failing = db.batch([db.insert(workspaces).values({ id, name: 'in' }), db.execute(sql`select 1/0`)])
    const beside = db.select({ id: workspaces.id }).from(workspaces).where(eq(workspaces.id, id))
    await expect(failing).rejects.toMatchObject({ sqlState: '22012' })
    expect(await beside).toEqual([])
  })

  test('a hundred queries at once are all answered, each with its own', async () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    const answers = await Promise.all(numbers.map((n) => db.execute(sql`select ${n}::int as n`)))
    expect(answers).toEqual(numbers.map((n) => [{ n }]))
  })

  test('a batch of more statements than the deadline leaves time for is undone', async () => {
    const id = newId()
    const slow = db.batch([
      db.insert(workspaces).values({ id, name: 'slow' }),
      ...Array.from({ length: 4 }, () => db.execute(sql`select pg_sleep(2)`)),
    ])
    await expect(slow).rejects.toBeInstanceOf(DatabaseUnavailable)
    expect(await db.select().from(workspaces).where(eq(workspaces.id, id))).toEqual([])
  })
})
