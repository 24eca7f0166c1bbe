/**
 * Brings a PostgreSQL to the shape that the code expects.
 *
 * I1 A migration and its line in the journal are one transaction: a crash leaves it done or not begun.
 * I2 Every transaction begins with the same advisory lock and then reads the journal: two starts do each migration once.
 * I3 A schema that holds somebody else's tables is left alone.
 */
import type { Sql, TransactionSql } from 'postgres'
import { openDatabase, toStartError } from './database.ts'
import { readMigrations, type Migration } from './migration-files.ts'
import { codeOf, messageOf, StartError } from './start-error.ts'

const MINIMUM_VERSION = 15
const LOCK_TIMEOUT = '60s'

export interface MigrateOptions {
  readonly url: string
  readonly schema: string
  readonly directory: string
}

async function checkVersion(sql: Sql): Promise<void> {
  const [row] = await sql<{ number: number; name: string }[]>`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as name`
  if (row !== undefined && row.number >= MINIMUM_VERSION * 10_000) return
  throw new StartError(`PostgreSQL ${row?.name ?? '?'} is too old: ${MINIMUM_VERSION} or newer is needed`)
}

async function lock(tx: TransactionSql, schema: string): Promise<void> {
  await tx.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
  await tx`select pg_advisory_xact_lock(hashtextextended(${`synapscale migrate ${schema}`}, 0))`
}

/** Ordinary tables that no extension brought. */
async function findTables(tx: TransactionSql, schema: string): Promise<string[]> {
  const rows = await tx<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by c.relname`
  return rows.map((row) => row.name)
}

async function prepareSchema(tx: TransactionSql, schema: string): Promise<void> {
  await lock(tx, schema)
  const tables = await findTables(tx, schema)
  if (tables.includes('schema_migrations')) return
  if (tables.length > 0) {
    throw new StartError(
      `schema "${schema}" holds tables of another program (${tables.slice(0, 3).join(', ')}${tables.length > 3 ? ', …' : ''}): ` +
        'set DATABASE_SCHEMA to a name of its own',
    )
  }
  const [existing] = await tx`select from pg_namespace where nspname = ${schema}`
  if (existing === undefined) await tx`create schema ${tx(schema)}`
  await tx`create table ${tx(schema)}.schema_migrations (
    tag text primary key, hash text not null, applied_at timestamptz not null default now())`
}

/** The first migration that is not applied; undefined when the database is up to date. */
async function findPending(
  tx: TransactionSql,
  schema: string,
  migrations: readonly Migration[],
): Promise<Migration | undefined> {
  const rows = await tx<{ tag: string; hash: string }[]>`select tag, hash from ${tx(schema)}.schema_migrations`
  const applied = new Map(rows.map((row) => [row.tag, row.hash]))
  const changed = migrations.find(({ tag, hash }) => applied.has(tag) && applied.get(tag) !== hash)
  if (changed !== undefined) {
    throw new StartError(
      `migration ${changed.tag} was changed after it had been applied to schema "${schema}": ` +
        'restore the file, and put the change in a new migration',
    )
  }
  const tags = new Set(migrations.map(({ tag }) => tag))
  const unknown = rows.find(({ tag }) => !tags.has(tag))
  if (unknown !== undefined) {
    throw new StartError(
      `schema "${schema}" was migrated by a newer version (${unknown.tag}): update the code, or set DATABASE_SCHEMA`,
    )
  }
  return migrations.find(({ tag }) => !applied.has(tag))
}

async function applyNext(
  tx: TransactionSql,
  schema: string,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  await lock(tx, schema)
  const migration = await findPending(tx, schema, migrations)
  if (migration === undefined) return undefined
  for (const statement of migration.statements) {
    await tx.unsafe(statement).catch((error: unknown) => {
      throw new StartError(`migration ${migration.tag} failed and was undone: ${messageOf(error)}`)
    })
  }
  await tx`insert into ${tx(schema)}.schema_migrations ${tx({ tag: migration.tag, hash: migration.hash })}`
  return migration.tag
}

function explain(error: unknown, { url, schema }: MigrateOptions): StartError {
  switch (codeOf(error)) {
    case '42501':
      return new StartError(
        `the user in DATABASE_URL may not set up schema "${schema}" (${messageOf(error)}): grant it create on the database`,
      )
    case '55P03':
      return new StartError('another start has been applying migrations for a minute: wait for it, or end it')
    default:
      return toStartError(error, url)
  }
}

/**
 * Applies the migrations that the database lacks.
 *
 * @throws StartError when the schema belongs to another program or version, or the server is too old
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, schema, directory } = options
  const migrations = readMigrations(directory, schema)
  const sql = openDatabase(url)
  const applied: string[] = []
  try {
    await checkVersion(sql)
    await sql.begin((tx) => prepareSchema(tx, schema))
    for (;;) {
      const tag = await sql.begin((tx) => applyNext(tx, schema, migrations))
      if (tag === undefined) return { applied }
      applied.push(tag)
    }
  } catch (error) {
    throw explain(error, options)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
