/** `npm run migrate`: applies the migrations to the PostgreSQL in `DATABASE_URL`, before a deployment for one. */
import { join } from 'node:path'
import { reachDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import { readSettings } from './settings.ts'
import { StartError } from './start-error.ts'

const root = join(import.meta.dirname, '..')

async function main(): Promise<void> {
  const { databaseUrl, databaseSchema } = readSettings(root, process.env)
  if (databaseUrl === undefined)
    throw new StartError('DATABASE_URL is not set: npm start migrates the embedded PostgreSQL itself')
  const database = await reachDatabase(databaseUrl)
  try {
    const { applied } = await migrate({
      url: database.url,
      schema: databaseSchema,
      directory: join(root, 'migrations'),
    })
    console.log(applied.length === 0 ? 'the database is up to date' : `applied ${applied.join(', ')}`)
  } finally {
    await database.close()
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof StartError ? `✗ ${error.message}` : error)
  process.exitCode = 1
})
