/**
 * The worker in workerd, through miniflare, with its storage on disk.
 *
 * I1 Storage is keyed by the worker's name and the class: both come from wrangler.toml, so data are found again.
 * I2 miniflare starts a workerd that died again, and gives up on one that dies while it starts: that one we start again.
 *    One that dies over and over ends the server.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare'
import { createCrashCounter } from './crash-counter.ts'
import { removeEmptyActors } from './empty-actors.ts'
import { createLinePrinter } from './line-printer.ts'
import { signal, waitUntilGone } from './processes.ts'
import { findRuntime, wrapRuntime } from './runtime-command.ts'
import { codeOf, messageOf, StartError } from './start-error.ts'
import { toMiniflareOptions, type WorkerPlace } from './worker-options.ts'

/** workerd answers what it is at when told to end; a socket or a stream would hold it for ever. */
const DRAIN_MS = 3_000
/** Of a start, for files that nobody needs any more. */
const TIDY_MS = 1_000
/** What kept it from starting may be over a moment later. */
const AGAIN_MS = 250

export interface WorkerOptions extends Omit<WorkerPlace, 'storage'> {
  readonly dataDir: string
  readonly build: string
  readonly log: (line: string) => void
  /** Called once when the worker cannot be kept running. */
  readonly onFatal: (reason: string) => void
}

export interface RunningWorker {
  /** Puts another build in place; clients reconnect. */
  reload(build: string): Promise<void>
  stop(): Promise<void>
}

/** miniflare's own lines say nothing that ours do not, except when it gives up. */
class RuntimeLog extends Log {
  readonly #onError: (message: string) => void

  constructor(onError: (message: string) => void) {
    super(LogLevel.ERROR)
    this.#onError = onError
  }

  override error(error: Error): void {
    this.#onError(error.message.split('\n')[0] ?? '')
  }
}

/** It exits on SIGINT and SIGTERM before anybody else has stopped anything. */
function removeSignalHandlers(before: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', readonly unknown[]>>): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    for (const listener of process.listeners(name)) {
      if (!before[name].includes(listener)) process.off(name, listener)
    }
  }
}

async function startMiniflare(options: MiniflareOptions): Promise<Miniflare> {
  const before = {
    SIGINT: process.listeners('SIGINT'),
    SIGTERM: process.listeners('SIGTERM'),
    SIGHUP: process.listeners('SIGHUP'),
  }
  const miniflare = new Miniflare(options)
  removeSignalHandlers(before)
  try {
    await miniflare.ready
    return miniflare
  } catch (error) {
    await miniflare.dispose().catch(() => undefined)
    throw new StartError(
      codeOf(error) === 'ERR_ADDRESS_IN_USE'
        ? 'the port was taken a moment ago: stop the program that listens there, or set PORT to another one'
        : `the worker does not start: ${messageOf(error)}`,
    )
  }
}

/**
 * Starts the worker and listens.
 *
 * @throws StartError when workerd refuses the worker
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { dataDir, log, onFatal } = options
  const pidFile = runtimePidFile(dataDir)
  const storage = join(dataDir, 'storage')
  mkdirSync(storage, { recursive: true, mode: 0o700 })
  await removeEmptyActors(join(storage, 'do'), TIDY_MS)
  const crashes = createCrashCounter()
  const [printLine, printError] = [createLinePrinter(process.stdout), createLinePrinter(process.stderr)]
  let isStopping = false
  let { build } = options
  /** Each death counts once, whether it was at work or still starting. */
  const isBroken = (): boolean => {
    const isTooMany = crashes.isTooMany()
    if (isTooMany) onFatal('the worker process keeps dying')
    return isTooMany
  }
  const shared = {
    log: new RuntimeLog((message) => void startAgain(message)),
    unsafeRuntimeEnv: wrapRuntime(join(import.meta.dirname, '../dist'), pidFile),
    unsafeHandleRuntimeRestart: () => {
      if (isStopping || isBroken()) return
      log('the worker process died and was started again; actors go on from their storage')
    },
    handleStructuredLogs: ({ level, message }: { level: string; message: string }) => {
      const print = level === 'error' || level === 'warn' ? printError : printLine
      print(message)
    },
  }
  const toOptions = (directory = build): MiniflareOptions => ({
    ...toMiniflareOptions(directory, { ...options, storage }),
    ...shared,
  })
  async function startAgain(reason: string): Promise<void> {
    if (isStopping || isBroken()) return
    log(`the worker process did not start (${reason}); once more`)
    await sleep(AGAIN_MS)
    if (isStopping) return
    await miniflare.setOptions(toOptions()).catch((error: unknown) => startAgain(messageOf(error)))
  }
  const miniflare = await startMiniflare(toOptions())
  return {
    async reload(next) {
      await miniflare.setOptions(toOptions(next))
      build = next
    },
    async stop() {
      isStopping = true
      const pid = findRuntime(pidFile)
      if (pid !== undefined) {
        signal(pid, 'SIGTERM')
        await waitUntilGone([pid], DRAIN_MS)
      }
      await Promise.race([miniflare.dispose().catch(() => undefined), sleep(DRAIN_MS, undefined, { ref: false })])
      // Another program may get the pid, and be taken for ours.
      rmSync(pidFile, { force: true })
    },
  }
}

/** Where the pid of the running workerd is kept. */
export function runtimePidFile(dataDir: string): string {
  return join(dataDir, 'workerd.pid')
}
