/**
 * Vitest's global setup for suites that need PostgreSQL: a real one of their own, or `TEST_DATABASE_URL`, with the
 * migrations applied in a schema of this run's own.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '#local/migrate'
import { startTestPostgres } from '#tests/support/postgres'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
    databaseSchema: string
  }
}

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

async function dropSchema(url: string, schema: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  await sql.unsafe(`drop schema if exists "${schema}" cascade`)
  await sql.end()
}

async function findPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env['TEST_DATABASE_URL']
  return url === undefined || url === '' ? startTestPostgres() : { url, stop: () => Promise.resolve() }
}

/** Gives the tests `inject('databaseUrl')` and `inject('databaseSchema')`, unless only unit tests run. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => name === 'unit')) return undefined
  const server = await findPostgres()
  const schema = `test_${randomUUID().slice(0, 8)}`
  await migrate({ url: server.url, schema, directory: MIGRATIONS })
  project.provide('databaseUrl', server.url)
  project.provide('databaseSchema', schema)
  return async () => {
    await dropSchema(server.url, schema)
    await server.stop()
  }
}
