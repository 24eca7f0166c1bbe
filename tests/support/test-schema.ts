import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { migrate } from '#local/migrate'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

let made = 0

/**
 * A schema of its own for each workerd that runs test files: they share no actors and no objects either, and what sweeps
 * a whole installation must find all of it. The installation's first account, its administrator, is none of a test's.
 *
 * @param prefix of its name, by which `dropSchemas` finds it
 */
export async function createSchema(url: string, prefix: string): Promise<string> {
  const schema = `${prefix}_${++made}`
  await migrate({ url, schema, directory: MIGRATIONS })
  const sql = connect(url)
  const administrator = {
    email: 'admin@example.com',
    first_name: 'Admin',
    last_name: '',
    password_hash: '!',
    role: 'admin',
  }
  await sql`insert into ${sql(schema)}.users ${sql({ id: randomUUID(), ...administrator })}`
  await sql.end()
  return schema
}

/** Drops every schema that `createSchema` made with this prefix. */
export async function dropSchemas(url: string, prefix: string): Promise<void> {
  const sql = connect(url)
  const found = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace where starts_with(nspname, ${`${prefix}_`})`
  for (const { name } of found) await sql`drop schema ${sql(name)} cascade`
  await sql.end()
}

function connect(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => undefined })
}
