/** What is measured, each started alone: ours, the peer that it replaces, the platform's floor. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { findRuntime, wrapRuntime } from '#local/runtime-command'
import { type Client, createClient } from '#tests/e2e/support/client'
import { findFreePort, startServer, type TestServer } from '#tests/support/server'
import { withChildren } from '#tests/support/process-usage'

const START_MS = 30_000
const UNLIMITED = '1000000000'
const root = join(import.meta.dirname, '..')

export interface Subject {
  readonly url: string
  readonly pids: () => readonly number[]
  stop(): Promise<void>
}

export interface Ours extends Subject {
  readonly client: Client
  readonly server: TestServer
}

/** Our server; limits are counted as ever, and reached by nobody. */
export async function startOurs(env: Readonly<Record<string, string>> = {}): Promise<Ours> {
  const limits = ['AUTH', 'USER', 'ADDRESS', 'HOOK'].map((name) => [`RATE_LIMIT_${name}`, UNLIMITED])
  const server = await startServer({
    env: {
      ...Object.fromEntries(limits),
      JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '1440',
      OUTBOUND_ALLOW: '127.0.0.1',
      ...env,
    },
  })
  return {
    url: server.url,
    server,
    client: await createClient(server.url),
    pids: () => [server.pids().workerd],
    stop: () => server.remove(),
  }
}

async function untilAnswered(url: string): Promise<void> {
  const deadline = performance.now() + START_MS
  while (performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
    await sleep(100)
  }
  throw new Error(`${url} does not answer`)
}

/**
 * The peer at its strongest: two workers, on the given PostgreSQL.
 *
 * @param directory where its code lies
 */
export async function startPeer(directory: string, databaseUrl: string): Promise<Subject> {
  const port = await findFreePort()
  const env = { ...process.env, DATABASE_URL: databaseUrl, POOL_SIZE: '20', PYTHONDONTWRITEBYTECODE: '1' }
  const python = process.env['PEER_PYTHON'] ?? '/usr/bin/python3'
  const seeded = spawn(python, ['init_db.py'], { cwd: directory, env, stdio: 'inherit' })
  await new Promise<void>((done, failed) =>
    seeded.on('error', failed).on('exit', (code) => (code === 0 ? done() : failed(new Error(`init_db.py: ${code}`)))),
  )
  const args = ['-m', 'uvicorn', 'src.synapse.main:app', '--host', '127.0.0.1', '--port', String(port)]
  const child = spawn(python, [...args, '--workers', '2', '--no-access-log'], { cwd: directory, env, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await untilAnswered(`${url}/health`)
  return {
    url,
    pids: () => withChildren(child.pid ?? 0),
    async stop() {
      const ended = new Promise((done) => child.on('exit', done))
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** An actor with one row, or an echo, in the same workerd with the same kind of storage. */
export async function startFloor(): Promise<Subject> {
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-floor-'))
  mkdirSync(join(directory, 'storage'))
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'floor/worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    external: ['cloudflare:*'],
  })
  const [port, pidFile] = [await findFreePort(), join(directory, 'workerd.pid')]
  const actor = (className: string) => ({ className, useSQLite: true })
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      cf: false,
      host: '127.0.0.1',
      port: 0,
      resourcePersistencePath: join(directory, 'storage'),
      workers: [
        {
          name: 'floor',
          modules: true,
          script: outputFiles.map((file) => file.text).join(''),
          compatibilityDate: '2026-11-01',
          compatibilityFlags: ['no_web_socket_compression'],
          durableObjects: { ROW: actor('Row'), ECHO: actor('Echo') },
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
        },
      ],
    }),
    unsafeRuntimeEnv: wrapRuntime(join(root, 'dist'), pidFile),
  })
  await miniflare.ready
  return {
    url: `http://127.0.0.1:${port}`,
    pids: () => [findRuntime(pidFile) ?? 0],
    async stop() {
      await miniflare.dispose()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
