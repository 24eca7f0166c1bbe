/** A disk that fills up under load, and has room again. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '#local/processes'
import { createClient } from '#tests/e2e/support/client'
import { startServer } from '#tests/support/server'
import { prepareKinds } from './jobs.ts'
import { settle } from './settling.ts'
import { messageOf, serverEnv, type World } from './world.ts'

const DISK_MIB = 400
const BATCH = 10
const PIECE = Buffer.alloc(256 * 1024, 1)

/** Takes all that is left. The function gives it back. */
function fillDisk(directory: string): () => void {
  const file = join(directory, 'ballast')
  const handle = openSync(file, 'w')
  for (let size = PIECE.length; size > 0;) {
    try {
      writeSync(handle, PIECE, 0, size)
    } catch {
      size = Math.floor(size / 2)
    }
  }
  closeSync(handle)
  return () => rmSync(file, { force: true })
}

function mountDisk(): { readonly directory: string; readonly unmount: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0755`, 'tmpfs', directory], { stdio: 'pipe' })
  const unmount = (): void => {
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  }
  return { directory, unmount }
}

/** A data directory on a small disk, which is full `rounds` times in the middle of a batch. */
export async function fillUnderLoad(world: World, rounds: number): Promise<void> {
  const { chance, ledger } = world
  let disk: ReturnType<typeof mountDisk>
  try {
    disk = mountDisk()
  } catch (error) {
    return ledger.skipped('disk', `no small disk can be mounted here (${messageOf(error)})`)
  }
  const server = await startServer({ dataDir: join(disk.directory, 'data'), env: serverEnv(world) })
  let ends = 0
  try {
    const ground = { ...world, server, ana: await createClient(server.url) }
    const { kinds, check } = await prepareKinds(ground, 'disk')
    for (let round = 0; round < rounds; round += 1) {
      const before = Array.from({ length: BATCH }, (_, index) => chance.pick(kinds)(2 * BATCH * round + index))
      await sleep(chance.below(400))
      const { node } = server.pids()
      const empty = fillDisk(disk.directory)
      const during = Array.from({ length: BATCH }, (_, index) => chance.pick(kinds)(2 * BATCH * round + BATCH + index))
      await sleep(1_500)
      const { bavail } = statfsSync(disk.directory)
      empty()
      const jobs = await Promise.all([...before, ...during])
      // PostgreSQL ends when it cannot write its log, and the server with it: a service manager starts it again.
      await sleep(500)
      if (!isAlive(node)) {
        ends += 1
        await server.restart()
      }
      ledger.attacked('disk', jobs.filter(({ isAccepted }) => isAccepted).length)
      ledger.expect('disk', bavail < 64, () => `the disk had ${bavail} blocks left: nothing was proved`)
      await settle(jobs)
    }
    await check()
    ledger.note('disk', `full ${rounds} times, the server ended ${ends} times and was started again`)
  } finally {
    await server.remove()
    disk.unmount()
  }
}
