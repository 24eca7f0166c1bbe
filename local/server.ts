/** All that one machine needs, in the order in which it starts; it is stopped the other way round. */
import { join, relative } from 'node:path'
import { readConfig } from '#config'
import { reachDatabase } from './database.ts'
import { startEmbeddedDatabase } from './embedded-database.ts'
import { checkListen } from './listen-check.ts'
import { forgetKnownKeys, tellKnownKeys } from './known-keys.ts'
import { lockDirectory } from './lock.ts'
import { createMailOutbox } from './mail-outbox.ts'
import { migrate } from './migrate.ts'
import type { Reporter } from './reporter.ts'
import { endLeftoverRuntime } from './runtime-command.ts'
import { createSandboxService } from './sandbox.ts'
import type { Settings } from './settings.ts'
import { buildWorker } from './worker-build.ts'
import { runtimePidFile, startWorker, type RunningWorker } from './worker.ts'

const root = join(import.meta.dirname, '..')
const FIRST_ANSWER_MS = 15_000

export interface ServerOptions {
  readonly settings: Settings
  readonly reporter: Reporter
  readonly signal: AbortSignal
  /** Called when something that had started cannot be kept running. */
  readonly onFatal: (reason: string) => void
  /** Takes the function that stops what has just been started. */
  readonly undo: (stop: () => Promise<void> | void) => void
}

function startDatabase({ settings, reporter, onFatal, undo }: ServerOptions): Promise<string> {
  const { databaseUrl } = settings
  if (databaseUrl !== undefined) {
    const reach = async (): Promise<Awaited<ReturnType<typeof reachDatabase>>> => {
      const database = await reachDatabase(databaseUrl)
      undo(() => database.close())
      return database
    }
    const toLine = ({ version, tls }: { version: string; tls: boolean }): string =>
      `PostgreSQL ${version} of DATABASE_URL reached${tls ? ' with TLS' : ''}`
    return reporter.stage(reach, toLine).then(({ url }) => url)
  }
  const dataDir = join(settings.dataDir, 'postgres')
  const start = async (): Promise<Awaited<ReturnType<typeof startEmbeddedDatabase>>> => {
    const database = await startEmbeddedDatabase({ dataDir, log: (line) => reporter.note(line), onFatal })
    undo(() => database.stop())
    return database
  }
  const toLine = ({ version, isNew }: { version: string; isNew: boolean }): string =>
    `PostgreSQL ${version} started, data ${isNew ? 'made' : 'found'} in ${relative(process.cwd(), dataDir) || '.'}`
  return reporter.stage(start, toLine).then(({ url }) => url)
}

/** The first request compiles the code: better now than when somebody waits. */
async function warmUp({ host, port }: Settings, log: (line: string) => void): Promise<void> {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  const response = await fetch(`http://${name.includes(':') ? `[${name}]` : name}:${port}/health`, {
    signal: AbortSignal.timeout(FIRST_ANSWER_MS),
  })
  if (response.status >= 500)
    log(`the worker answers ${response.status} to /health: ${(await response.text()).slice(0, 500)}`)
}

/**
 * Starts everything. What was started before a failure is the caller's to stop, through `undo`.
 *
 * @throws StartError with one line of what to do
 */
export async function startServer(options: ServerOptions): Promise<RunningWorker> {
  const { settings, reporter, signal, onFatal, undo } = options
  const { dataDir, host, port, rateLimits } = settings
  const log = (line: string): void => reporter.note(line)
  undo(await lockDirectory(dataDir))
  forgetKnownKeys(dataDir)
  await endLeftoverRuntime(runtimePidFile(dataDir), log)
  await checkListen(host, port)
  const databaseFailed = new AbortController()
  const building = reporter.stage(
    () => buildWorker(AbortSignal.any([signal, databaseFailed.signal])),
    ({ wasCached }) => (wasCached ? 'worker unchanged since its last build' : 'worker built'),
  )
  const reaching = startDatabase(options).catch((error: unknown) => {
    databaseFailed.abort()
    throw error
  })
  // Both at once; whichever fails, the other is waited for, so that it can be stopped.
  const [database, built] = await Promise.allSettled([reaching, building])
  if (database.status === 'rejected') throw database.reason
  if (built.status === 'rejected') throw built.reason
  const { databaseSchema: schema } = settings
  await reporter.stage(
    () => migrate({ url: database.value, schema, directory: join(root, 'migrations') }),
    ({ applied }) => (applied.length === 0 ? 'database up to date' : `migrations applied: ${applied.join(', ')}`),
  )
  const vars = { ...settings.vars, DATABASE_URL: database.value }
  const mailOutbox = createMailOutbox(join(dataDir, 'mail'), log)
  const start = async (): Promise<RunningWorker> => {
    const build = built.value.directory
    const sandbox = createSandboxService()
    undo(() => sandbox.stop())
    const worker = await startWorker({
      host,
      port,
      dataDir,
      rateLimits,
      vars,
      build,
      mailOutbox,
      sandbox,
      log,
      onFatal,
    })
    undo(() => worker.stop())
    tellKnownKeys(dataDir, readConfig(vars).ENCRYPTION_KEY)
    await warmUp(settings, log)
    return worker
  }
  return reporter.stage(start, () => 'worker started')
}
