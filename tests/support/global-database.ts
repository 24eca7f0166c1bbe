/** Vitest's global setup for suites that need PostgreSQL: a real one of their own, or `TEST_DATABASE_URL`. */
import { randomUUID } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import { startTestPostgres } from '#tests/support/postgres'
import { dropSchemas } from '#tests/support/test-schema'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
    /** With which the names of this run's schemas begin. */
    schemaPrefix: string
  }
}

async function findPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env['TEST_DATABASE_URL']
  return url === undefined || url === '' ? startTestPostgres() : { url, stop: () => Promise.resolve() }
}

/** Gives the tests `inject('databaseUrl')` and `inject('schemaPrefix')`, unless only unit tests run. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => name === 'unit')) return undefined
  const server = await findPostgres()
  const prefix = `test_${randomUUID().slice(0, 8)}`
  project.provide('databaseUrl', server.url)
  project.provide('schemaPrefix', prefix)
  return async () => {
    await dropSchemas(server.url, prefix)
    await server.stop()
  }
}
