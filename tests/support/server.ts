/** The real server, `node local/start.ts`, in a process of its own with a data directory of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findWorkingIn, isAlive, signal, waitUntilGone } from '#local/processes'

const ROOT = join(import.meta.dirname, '../..')
/** The first start on a machine bundles the worker. */
const START_MS = 90_000
const STOP_MS = 40_000
const READY = /^ {2}Health {3}/m

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
  /** A temporary one when absent, which `stop` and `kill` leave and `remove` takes away. */
  readonly dataDir?: string
  /** Another copy of the project. */
  readonly root?: string
  /** Who runs it, when the tests run as root. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** The embedded PostgreSQL, for a look from outside. */
  readonly databaseUrl: string
  /** Everything printed since the last start. */
  readonly output: () => string
  /** The processes: ours, workerd, PostgreSQL's and its backends. */
  pids(): Readonly<Record<'node' | 'workerd' | 'postgres', number>> & { readonly all: readonly number[] }
  /** SIGTERM, as a service manager stops it. */
  stop(): Promise<{ readonly code: number | null }>
  /** SIGKILL to every process at once. */
  kill(): Promise<void>
  /** Starts it again on the same port and data, after `stop` or `kill`. */
  restart(): Promise<void>
  /** Kills what still runs and removes a temporary data directory. */
  remove(): Promise<void>
}

/** Below those that the system gives to whoever connects to somebody: a server that was killed finds its port free again. */
const FIRST_PORT = 20_000
const PORTS = 12_000

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((told) => {
    const server = createServer()
    server.on('error', () => told(false)).listen(port, () => server.close(() => told(true)))
  })
}

type Settings = Required<Omit<ServerOptions, 'user'>> & Pick<ServerOptions, 'user'>

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly output: () => string
}

function run(options: Settings): Run {
  const child = spawn(process.execPath, [join(options.root, 'local/start.ts')], {
    cwd: options.root,
    env: {
      PATH: process.env['PATH'],
      HOME: options.root,
      HOST: '127.0.0.1',
      PORT: String(options.port),
      DATA_DIR: options.dataDir,
      ...options.env,
    },
    ...options.user,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const ended = new Promise<number | null>((done) => child.on('close', done))
  return { child, ended, output: () => output }
}

async function waitUntilReady(current: Run): Promise<void> {
  const { child, output } = current
  await new Promise<void>((ready, failed) => {
    const timer = setTimeout(() => failed(new Error(`the server does not get ready:\n${output()}`)), START_MS)
    const look = (): void => {
      if (!READY.test(output())) return
      // All that is printed later would be searched again for each line.
      child.stdout?.off('data', look)
      clearTimeout(timer)
      ready()
    }
    child.stdout?.on('data', look)
    void current.ended.then((code) => failed(new Error(`the server ended with ${code}:\n${output()}`)))
  })
}

function readPid(file: string): number {
  return Number.parseInt(readFileSync(file, 'utf8'), 10)
}

async function complete(options: ServerOptions): Promise<Settings> {
  const secret = (): string => randomBytes(32).toString('hex')
  return {
    ...options,
    env: {
      SECRET_KEY: secret(),
      JWT_SECRET_KEY: secret(),
      ENCRYPTION_KEY: `v1:${randomBytes(32).toString('base64')}`,
      ...options.env,
    },
    port: options.port ?? (await findFreePort()),
    dataDir: options.dataDir ?? join(mkdtempSync(join(tmpdir(), 'synapscale-server-')), 'data'),
    root: options.root ?? ROOT,
  }
}

/** Starts a server that is expected to fail, and gives what the person at the terminal sees. */
export async function failToStart(options: ServerOptions): Promise<{ code: number | null; output: string }> {
  const current = run(await complete(options))
  const timer = setTimeout(() => current.child.kill('SIGTERM'), START_MS)
  const code = await current.ended
  clearTimeout(timer)
  return { code, output: current.output() }
}

/** Where nobody asked for a port, the one found free may be another test's by the time that the server listens. */
async function startReady(options: ServerOptions, attempts = 3): Promise<{ settings: Settings; current: Run }> {
  const settings = await complete(options)
  const current = run(settings)
  try {
    await waitUntilReady(current)
    return { settings, current }
  } catch (error) {
    if (options.port !== undefined || attempts === 1 || !current.output().includes('the port was taken')) throw error
    return startReady(options, attempts - 1)
  }
}

/** Starts a server and waits until it answers. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { settings, ...started } = await startReady(options)
  const { dataDir, port } = settings
  const cluster = join(dataDir, 'postgres/cluster')
  let { current } = started
  const pids: TestServer['pids'] = () => {
    const node = current.child.pid ?? 0
    const workerd = readPid(join(dataDir, 'workerd.pid'))
    const postgres = settings.env['DATABASE_URL'] === undefined ? readPid(join(cluster, 'postmaster.pid')) : 0
    const all = [node, workerd, postgres, ...findWorkingIn(cluster, 'postgres')].filter((pid) => pid > 0)
    return { node, workerd, postgres, all }
  }
  const kill = async (): Promise<void> => {
    const { all } = pids()
    for (const pid of all) signal(pid, 'SIGKILL')
    await waitUntilGone(all, STOP_MS)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    dataDir,
    get databaseUrl() {
      const [, , , postgresPort] = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
      const password = readFileSync(join(dataDir, 'postgres/password'), 'utf8')
      return `postgresql://synapscale:${password}@127.0.0.1:${postgresPort}/postgres`
    },
    output: () => current.output(),
    pids,
    kill,
    async stop() {
      current.child.kill('SIGTERM')
      return { code: await current.ended }
    },
    async restart() {
      current = run(settings)
      await waitUntilReady(current)
    },
    async remove() {
      if (isAlive(current.child.pid ?? 0)) await kill()
      if (options.dataDir === undefined) rmSync(join(dataDir, '..'), { recursive: true, force: true })
    },
  }
}
