/** Workflows from before there were slugs, on a real PostgreSQL. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { migrate } from '#local/migrate'
import { startTestPostgres } from '#tests/support/postgres'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

/** The migrations up to the one before this, as an older installation has them. */
function copyUntil(tag: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-slugs-'))
  cpSync(MIGRATIONS, directory, { recursive: true })
  const file = join(directory, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(file, 'utf8')) as { entries: { tag: string }[] }
  const entries = journal.entries.slice(
    0,
    journal.entries.findIndex((entry) => entry.tag.endsWith(tag)),
  )
  writeFileSync(file, JSON.stringify({ ...journal, entries }))
  return directory
}

test('they get one of their name, each its own', { timeout: 120_000 }, async () => {
  const database = await startTestPostgres()
  const before = copyUntil('_versions')
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined })
  try {
    await migrate({ url: database.url, schema: 'app', directory: before })
    await sql`insert into app.workspaces (id, name) select gen_random_uuid(), 'w' from generate_series(1, 2)`
    const names = ['Ação & Reação', 'ação, reação!', '日本', '  ', `${'x'.repeat(79)} y`, 'Pedidos']
    await sql`
      insert into app.workflows (id, workspace_id, name, definition, tags, status, version, is_active)
      select gen_random_uuid(), w.id, n, '{}', '{}', 'draft', 1, true
      from app.workspaces w, unnest(${names}::text[]) n`
    await migrate({ url: database.url, schema: 'app', directory: MIGRATIONS })
    const rows = await sql<{ workspace_id: string; slug: string }[]>`select workspace_id, slug from app.workflows`
    for (const { slug } of rows) expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    const [first] = rows
    const slugs = rows.filter((row) => row.workspace_id === first?.workspace_id).map(({ slug }) => slug)
    expect(slugs).toHaveLength(6)
    expect(slugs).toEqual(expect.arrayContaining(['acao-reacao', 'workflow', 'x'.repeat(79), 'pedidos']))
  } finally {
    await sql.end()
    await database.stop()
    rmSync(before, { recursive: true, force: true })
  }
})
