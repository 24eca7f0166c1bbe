/** What drizzle-kit wrote: `meta/_journal.json` names the migrations in order, each a file of statements. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Journal = z.object({ entries: z.array(z.object({ tag: z.string() })) })

/** The schema that the files were generated under. */
const GENERATED_SCHEMA = '"synapscale_db"'

export interface Migration {
  readonly tag: string
  readonly hash: string
  readonly statements: readonly string[]
}

function readMigration(directory: string, tag: string, schema: string): Migration {
  // Git may have checked the file out with the line ends of another system.
  const text = readFileSync(join(directory, `${tag}.sql`), 'utf8').replaceAll('\r\n', '\n')
  const statements = text
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim().replaceAll(GENERATED_SCHEMA, `"${schema}"`))
    // The schema is made before the first migration: making it again needs a right that its owner may not have.
    .filter((statement) => statement !== '' && !/^create schema /i.test(statement))
  return { tag, hash: createHash('sha256').update(text).digest('hex'), statements }
}

/** Reads the migrations in their order, written for `schema`. A folder without a journal has none. */
export function readMigrations(directory: string, schema: string): Migration[] {
  const file = join(directory, 'meta/_journal.json')
  if (!existsSync(file)) return []
  const { entries } = Journal.parse(JSON.parse(readFileSync(file, 'utf8')))
  return entries.map(({ tag }) => readMigration(directory, tag, schema))
}
