/** Migrations, on a real PostgreSQL. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from '#local/migrate'
import { startTestPostgres } from '#tests/support/postgres'

const FIRST = 'CREATE SCHEMA "synapscale_db";\n--> statement-breakpoint\nCREATE TABLE "synapscale_db"."a" ("id" int);'
const SECOND = 'CREATE TABLE "synapscale_db"."b" ("id" int);'

let database: Awaited<ReturnType<typeof startTestPostgres>>
let sql: Sql
const directory = mkdtempSync(join(tmpdir(), 'synapscale-migrations-'))

function write(migrations: Readonly<Record<string, string>>): void {
  mkdirSync(join(directory, 'meta'), { recursive: true })
  const entries = Object.keys(migrations).map((tag, idx) => ({ idx, tag, version: '7', when: 0, breakpoints: true }))
  writeFileSync(join(directory, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries }))
  for (const [tag, text] of Object.entries(migrations)) writeFileSync(join(directory, `${tag}.sql`), text)
}

const run = (schema = 'app'): Promise<{ applied: string[] }> => migrate({ url: database.url, schema, directory })

async function tables(schema = 'app'): Promise<string[]> {
  const rows = await sql<
    { name: string }[]
  >`select tablename as name from pg_tables where schemaname = ${schema} order by 1`
  return rows.map(({ name }) => name)
}

beforeAll(async () => {
  database = await startTestPostgres()
  sql = postgres(database.url, { max: 1, onnotice: () => undefined })
}, 60_000)

afterAll(async () => {
  await sql.end()
  await database.stop()
  rmSync(directory, { recursive: true, force: true })
})

beforeEach(async () => {
  await sql`drop schema if exists app cascade`
  write({ '0000_first': FIRST, '0001_second': SECOND })
})

test('applies what is missing, in the schema that is asked for', async () => {
  expect(await run()).toEqual({ applied: ['0000_first', '0001_second'] })
  expect(await tables()).toEqual(['a', 'b', 'schema_migrations'])
  expect(await run()).toEqual({ applied: [] })
})

test('two starts at once apply each migration once', async () => {
  const results = await Promise.all([run(), run(), run()])
  expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(['0000_first', '0001_second'])
})

test('a migration that fails is undone, those before it stay', async () => {
  write({ '0000_first': FIRST, '0001_second': `${SECOND}\n--> statement-breakpoint\nCREATE TABEL x;` })
  await expect(run()).rejects.toThrow(/^migration 0001_second failed and was undone: syntax error/)
  expect(await tables()).toEqual(['a', 'schema_migrations'])
  write({ '0000_first': FIRST, '0001_second': SECOND })
  expect(await run()).toEqual({ applied: ['0001_second'] })
})

test("another program's tables are left alone", async () => {
  await sql.unsafe('create schema app; create table app.alembic_version (id int); create table app.users (id int)')
  await expect(run()).rejects.toThrow('holds tables of another program (alembic_version, users): set DATABASE_SCHEMA')
  expect(await tables()).toEqual(['alembic_version', 'users'])
})

test('a migration that was changed afterwards is told', async () => {
  await run()
  write({ '0000_first': `${FIRST}\n-- changed`, '0001_second': SECOND })
  await expect(run()).rejects.toThrow('migration 0000_first was changed after it had been applied')
})

test('line ends of another system are no change', async () => {
  await run()
  write({ '0000_first': FIRST.replaceAll('\n', '\r\n'), '0001_second': SECOND })
  expect(await run()).toEqual({ applied: [] })
})

test('code that is older than the database is told', async () => {
  await run()
  write({ '0000_first': FIRST })
  await expect(run()).rejects.toThrow('was migrated by a newer version (0001_second)')
})

test('a user who may only use a schema that is there already', async () => {
  await sql.unsafe(
    `drop role if exists plain; create role plain login password 'plain'; create schema app authorization plain`,
  )
  const url = new URL(database.url)
  url.username = 'plain'
  url.password = 'plain'
  expect(await migrate({ url: url.href, schema: 'app', directory })).toEqual({ applied: ['0000_first', '0001_second'] })
  await expect(migrate({ url: url.href, schema: 'elsewhere', directory })).rejects.toThrow(
    'may not set up schema "elsewhere"',
  )
})

test('a folder without migrations changes no table', async () => {
  rmSync(join(directory, 'meta'), { recursive: true })
  expect(await run()).toEqual({ applied: [] })
  expect(await tables()).toEqual(['schema_migrations'])
})
