/** A server that outlived the process which started it: after `kill -9` of that one alone, or of all but its backends. */
import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { commandOf, findWorkingIn, isAlive, isTaken, signal, waitUntilGone } from './processes.ts'
import { codeOf, StartError } from './start-error.ts'

/** A fast shutdown writes a checkpoint; a disk that is slow gets this long. */
const FAST_SHUTDOWN_MS = 20_000
const IMMEDIATE_SHUTDOWN_MS = 5_000

/** The lines of `postmaster.pid`: pid, directory, start time, port, socket directory, address, shared memory, status. */
export function readPidFile(cluster: string): { pid: number; port: number; ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 0
      ? { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
      : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function endPostmaster(pid: number, processes: readonly number[]): Promise<void> {
  signal(pid, 'SIGINT')
  await waitUntilGone(processes, FAST_SHUTDOWN_MS)
}

/** Backends see that their postmaster is gone, unless they are busy; SIGQUIT ends them as PostgreSQL itself would. */
async function endRest(processes: readonly number[]): Promise<void> {
  for (const name of ['SIGQUIT', 'SIGKILL'] as const) {
    for (const pid of processes.filter(isAlive)) signal(pid, name)
    if (await waitUntilGone(processes, IMMEDIATE_SHUTDOWN_MS)) return
  }
  throw new StartError(
    `the PostgreSQL of an earlier start does not end: stop process ${processes.filter(isAlive).join(', ')}, then start again`,
  )
}

/**
 * Ends what still runs on the cluster. The caller holds the lock of the data directory, so it is nobody's.
 * A pid file whose pid is in use again, or is a corpse that nobody waits for, would keep PostgreSQL from starting.
 */
export async function endLeftover(cluster: string, log: (line: string) => void): Promise<void> {
  const pid = readPidFile(cluster)?.pid
  const isOurs = pid !== undefined && (commandOf(pid)?.includes(cluster) ?? false)
  const found = findWorkingIn(realpathSync(cluster), 'postgres')
  const processes = isOurs ? [pid, ...found.filter((other) => other !== pid)] : found
  if (processes.length > 0) {
    log(`a PostgreSQL from an earlier start still runs (pid ${processes[0]}): stopping it`)
    if (isOurs) await endPostmaster(pid, processes)
    await endRest(processes)
  }
  if (pid !== undefined && isTaken(pid)) rmSync(join(cluster, 'postmaster.pid'), { force: true })
}
