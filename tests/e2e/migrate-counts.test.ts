/** Counts from before there were any by day: the days are added up when the database is brought up to date. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { migrate } from '#local/migrate'
import { startTestPostgres } from '#tests/support/postgres'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')
const Journal = z.looseObject({ entries: z.array(z.looseObject({ tag: z.string() })) })

let database: Awaited<ReturnType<typeof startTestPostgres>>
const directory = mkdtempSync(join(tmpdir(), 'synapscale-migrations-'))

beforeAll(async () => {
  database = await startTestPostgres()
}, 60_000)

afterAll(async () => {
  await database.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** The migrations as they were before the one of this name. */
function writeFormer(name: string): void {
  cpSync(MIGRATIONS, directory, { recursive: true })
  const path = join(directory, 'meta/_journal.json')
  const journal = Journal.parse(JSON.parse(readFileSync(path, 'utf8')))
  const entries = journal.entries.slice(
    0,
    journal.entries.findIndex(({ tag }) => tag.endsWith(name)),
  )
  writeFileSync(path, JSON.stringify({ ...journal, entries }))
}

test('what was counted by quarters of an hour stands in its day of UTC too', async () => {
  writeFormer('_counts_by_day')
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined })
  try {
    await migrate({ url: database.url, schema: 'app', directory })
    await sql.unsafe(`
      insert into app.workspaces (id, name, created_at, updated_at)
        values ('00000000-0000-7000-8000-000000000001', 'Time', now(), now());
      insert into app.execution_stats (workspace_id, dimension, slot, key, status, bucket, count, duration_ms)
      select '00000000-0000-7000-8000-000000000001', 'all', slot::timestamptz, '', status, 3, count, 10 * count
      from (values ('2031-03-01T23:45Z', 'completed', 1), ('2031-03-02T00:00Z', 'completed', 2),
        ('2031-03-02T23:45Z', 'completed', 3), ('2031-03-02T23:45Z', 'failed', 4)) v (slot, status, count)`)
    await migrate({ url: database.url, schema: 'app', directory: MIGRATIONS })
    await sql.unsafe(`set time zone 'America/Sao_Paulo'`)
    const days = await sql.unsafe(`
      select to_char(slot at time zone 'UTC', 'DD HH24:MI') as slot, status, count::int, duration_ms::int as ms
      from app.execution_stats where span = 'day' order by slot, status`)
    expect([...days]).toEqual([
      { slot: '01 00:00', status: 'completed', count: 1, ms: 10 },
      { slot: '02 00:00', status: 'completed', count: 5, ms: 50 },
      { slot: '02 00:00', status: 'failed', count: 4, ms: 40 },
    ])
    const [quarters] = await sql.unsafe(
      `select count(*)::int as rows, sum(count)::int as count from app.execution_stats where span = 'quarter_hour'`,
    )
    expect(quarters).toEqual({ rows: 4, count: 10 })
    // What an older version would still count is left to the new one, which knows of days.
    const former = sql.unsafe(`
      insert into app.execution_stats (workspace_id, dimension, slot, key, status, bucket, count, duration_ms)
      values ('00000000-0000-7000-8000-000000000001', 'all', now(), '', 'completed', 3, 1, 1)
      on conflict (workspace_id, dimension, slot, key, status, bucket) do nothing`)
    await expect(former).rejects.toThrow(/ON CONFLICT/)
  } finally {
    await sql.end()
  }
})
