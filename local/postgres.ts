/**
 * A real PostgreSQL on this machine, from npm, on 127.0.0.1 only, with its durability settings left as they are.
 *
 * I1 The caller holds the lock of the data directory (`lock.ts`), or nobody else can know the directory.
 * I2 The server is in a process group of its own: Ctrl-C at the terminal does not reach it, we stop it last.
 * I3 A server that a dead process left behind is stopped before a new one starts on the same files.
 */
import { execFileSync, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dieWithParent } from './die-with-parent.ts'
import { findBinaries } from './postgres-binaries.ts'
import { prepareCluster, SUPERUSER } from './postgres-cluster.ts'
import { endLeftover, readPidFile } from './postgres-leftover.ts'
import { choosePostgresUser, type PostgresUser } from './postgres-user.ts'
import { StartError } from './start-error.ts'

const READY_POLL_MS = 10
/** Replaying the log after a crash takes as long as it takes; someone who waits wants to know why. */
const RECOVERY_NOTICE_MS = 5_000
const FAST_SHUTDOWN_MS = 30_000
/** Between asking for a free port and using it somebody else may take it. */
const PORT_ATTEMPTS = 5

export interface PostgresOptions {
  readonly dataDir: string
  /** A free one when absent. */
  readonly port?: number
  readonly log?: (line: string) => void
}

export interface RunningPostgres {
  readonly url: string
  readonly port: number
  /** As the server says it: `18.4`. */
  readonly version: string
  /** Whether this start made the data directory. */
  readonly isNew: boolean
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<void>
}

function findFreePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer()
    server.on('error', failed).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function launch(program: string, cluster: string, port: number, logFile: string, user: PostgresUser): Server {
  const log = openSync(logFile, 'w', 0o600)
  const settings = [
    'listen_addresses=127.0.0.1',
    // The way to a socket file in a deep directory is longer than the 107 bytes that the system allows.
    'unix_socket_directories=',
    'cluster_name=synapscale',
  ]
  const args = ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const [command, ...rest] = dieWithParent('INT', [program, ...args])
  const child = user.spawn(command, rest, { cwd: dirname(cluster), detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise<void>((done) => child.on('error', () => done()).on('exit', () => done()))
  return { child, ended }
}

function isOver({ child }: Server): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function waitUntilReady(server: Server, cluster: string, log: (line: string) => void): Promise<boolean> {
  const noticeAt = performance.now() + RECOVERY_NOTICE_MS
  let noticed = false
  while (!isOver(server)) {
    const state = readPidFile(cluster)
    if (state?.ready === true && state.pid === server.child.pid) return true
    if (!noticed && performance.now() > noticeAt) {
      noticed = true
      log('PostgreSQL reads its log after an unclean stop; this can take a while')
    }
    await sleep(READY_POLL_MS)
  }
  return false
}

async function stopServer(server: Server): Promise<void> {
  for (const [signal, withinMs] of [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (isOver(server)) return
    server.child.kill(signal)
    await Promise.race([server.ended, sleep(withinMs, undefined, { ref: false })])
  }
}

function complaintOf(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n')
  const line = lines.find((text) => /FATAL|PANIC/.test(text)) ?? lines.at(-1) ?? ''
  return line.replace(/^.*?(FATAL|PANIC):\s*/, '')
}

/**
 * Starts a PostgreSQL whose data lie in `dataDir`; a new directory becomes a new, empty cluster.
 *
 * @throws StartError when it cannot start, with what to do
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const log = options.log ?? (() => undefined)
  const dataDir = resolve(options.dataDir)
  mkdirSync(dirname(dataDir), { recursive: true })
  const { initdb, postgres } = await findBinaries()
  const user = await choosePostgresUser(postgres, dirname(dataDir))
  const version = execFileSync(postgres, ['--version'], { encoding: 'utf8' }).trim().split(' ').at(-1) ?? ''
  const { cluster, password, isNew } = await prepareCluster(
    dataDir,
    { initdb, major: version.split('.')[0] ?? '' },
    user,
  )
  await endLeftover(cluster, log)
  const logFile = join(dataDir, 'server.log')
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`)
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort())
    const server = launch(postgres, cluster, port, logFile, user)
    if (await waitUntilReady(server, cluster, log)) {
      const url = `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`
      return { url, port, version, isNew, ended: server.ended, stop: () => stopServer(server) }
    }
    const isPortTaken = /could not bind/.test(readFileSync(logFile, 'utf8'))
    if (!isPortTaken || attempt === PORT_ATTEMPTS) {
      throw new StartError(`PostgreSQL did not start: ${complaintOf(logFile)} (its log: ${logFile})`)
    }
  }
}
