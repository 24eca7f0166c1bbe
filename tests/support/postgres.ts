/** One embedded PostgreSQL for a run of tests, in a temporary directory that goes with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startPostgres } from '#local/postgres'

/** Starts an empty PostgreSQL (about a second). `stop` ends it and removes its data; call it from the global teardown. */
export async function startTestPostgres(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-postgres-'))
  const server = await startPostgres({ dataDir: join(directory, 'postgres') })
  await forgetAtPowerLoss(server.url)
  return {
    url: server.url,
    async stop() {
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Without waiting for the disk at each commit: on a machine whose disk stalls, tests failed that say nothing of disks. */
async function forgetAtPowerLoss(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 })
  await sql`alter system set fsync = off`
  await sql`select pg_reload_conf()`
  await sql.end()
}
