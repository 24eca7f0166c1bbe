/** An installation of its own for a test: the same tables, empty, in a schema of their own. */
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { beforeEach } from 'vitest'
import { readConfig } from '#config'
import { connect, type Db } from '#db/connect'
import { tablesOf } from '#db/schema'

export interface OwnSchema {
  /** For `DATABASE_SCHEMA`. */
  readonly name: string
  connect(): Db
}

/** Makes it before each test of the file or `describe` that calls this, and drops it afterwards. */
export function useOwnSchema(suffix: string): OwnSchema {
  const full = readConfig(env).DATABASE_SCHEMA
  const name = `${full}_${suffix}`
  beforeEach(async () => {
    const db = connect(env)
    const own = sql.identifier(name)
    await db.execute(sql`drop schema if exists ${own} cascade`)
    await db.execute(sql`create schema ${own}`)
    const tables = await db.execute(sql`select tablename as name from pg_tables where schemaname = ${full}`)
    for (const table of tables.map((row) => sql.identifier(String(row['name'])))) {
      await db.execute(sql`create table ${own}.${table} (like ${sql.identifier(full)}.${table} including all)`)
    }
    return () => db.execute(sql`drop schema ${own} cascade`)
  })
  return { name, connect: () => Object.assign(connect(env), { tables: tablesOf(name) }) }
}
