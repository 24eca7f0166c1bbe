/** PostgreSQL stopped and killed every few seconds under load (P10). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '#local/postgres'
import { readPidFile } from '#local/postgres-leftover'
import { signal } from '#local/processes'
import { createClient } from '#tests/e2e/support/client'
import { findFreePort, startServer } from '#tests/support/server'
import { prepareKinds } from './jobs.ts'
import { settle } from './settling.ts'
import { serverEnv, type World } from './world.ts'

const BATCH = 12
const AWAY_MS = 2_000

/** A server with a PostgreSQL of its own, which goes away `rounds` times in the middle of a batch. */
export async function losePostgres(world: World, rounds: number): Promise<void> {
  const { chance, ledger } = world
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-faults-'))
  const dataDir = join(directory, 'postgres')
  const port = await findFreePort()
  let postgres = await startPostgres({ dataDir, port })
  const { url } = postgres
  const server = await startServer({ env: { ...serverEnv(world), DATABASE_URL: url } })
  try {
    const ground = { ...world, server, ana: await createClient(server.url) }
    const { kinds, check } = await prepareKinds(ground, 'P10')
    let begun = 0
    let away = 0
    for (; away < rounds; away += 1) {
      const before = Array.from({ length: BATCH }, (_, index) => chance.pick(kinds)(begun + index))
      // In the middle of starting them, or of what was started.
      await chance.pick([() => sleep(chance.below(300)), () => Promise.all(before)])()
      const postmaster = readPidFile(join(dataDir, 'cluster'))?.pid
      if (postmaster !== undefined && chance.happens(0.5)) signal(postmaster, 'SIGKILL')
      await postgres.stop()
      // Also while it is away: what starts then is refused, and asked for again.
      const meanwhile = Array.from({ length: 3 }, (_, index) => chance.pick(kinds)(begun + BATCH + index))
      await sleep(chance.below(AWAY_MS))
      postgres = await startPostgres({ dataDir, port })
      const jobs = await Promise.all([...before, ...meanwhile])
      begun += jobs.length
      ledger.attacked('P10', jobs.filter(({ isAccepted }) => isAccepted).length)
      await settle(jobs)
    }
    await check()
    ledger.note('P10', `gone ${away} times, ${begun} executions`)
  } finally {
    await server.remove()
    await postgres.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
