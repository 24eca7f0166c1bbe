/** `npm start`: everything on this machine, until Ctrl-C. `--watch` builds anew when the code changes. */
import { fstatSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { createReporter, toDuration } from './reporter.ts'
import { readSettings, type Settings } from './settings.ts'
import { messageOf, StartError } from './start-error.ts'

const root = join(import.meta.dirname, '..')
const began = performance.now()
// miniflare is several megabytes of script.
enableCompileCache(join(root, 'dist/compile-cache'))

const stopping = new AbortController()
const reporter = createReporter(stopping.signal)
const undos: (() => Promise<void> | void)[] = []
let started: Promise<void> = Promise.resolve()

/** The terminal signals us and npm, and npm passes its signal on: one Ctrl-C may arrive twice. */
const SAME_KEYPRESS_MS = 300
let askedAt = 0
const PARENT_POLL_MS = 200

/** Stops what runs, the last started first, once the start has come to an end itself. */
async function stopAll(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return
  stopping.abort()
  await started
  for (const undo of undos.toReversed()) {
    await Promise.resolve(undo()).catch((error: unknown) => reporter.fail(messageOf(error)))
  }
  process.exit(exitCode)
}

function onSignal(): void {
  if (stopping.signal.aborted) {
    if (performance.now() - askedAt > SAME_KEYPRESS_MS) process.exit(130)
    return
  }
  askedAt = performance.now()
  reporter.note('stopping; again to stop at once')
  void stopAll(0)
}

function onFatal(reason: string): void {
  reporter.fail(reason)
  void stopAll(1)
}

function showUrls({ host, port }: Settings): void {
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const base = `http://${isEverywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
  console.log(
    [
      '',
      `SynapScale runs (${toDuration(began)})${isEverywhere ? ', on every address of this machine' : ''}`,
      `  API      ${base}/api/v1`,
      `  Docs     ${base}/docs`,
      `  ReDoc    ${base}/redoc`,
      `  Health   ${base}/health`,
      '',
    ].join('\n'),
  )
}

async function start(): Promise<void> {
  const settings = readSettings(root, process.env)
  if (settings.madeSecrets) reporter.note('random secrets were written to .dev.vars')
  const { startServer } = await import('./server.ts')
  const undo = (stop: () => Promise<void> | void): void => void undos.push(stop)
  const worker = await startServer({ settings, reporter, signal: stopping.signal, onFatal, undo })
  if (process.argv.includes('--watch')) {
    const { watchSources } = await import('./watch.ts')
    undo(watchSources(worker, reporter))
  }
  showUrls(settings)
}

/** npm's shell dies of a SIGTERM that npm passes on, and tells nobody: being handed to another parent tells us. */
function stopWithNpm(): void {
  const npm = process.ppid
  if (process.env['npm_lifecycle_event'] === undefined) return
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    if (!stopping.signal.aborted) onSignal()
  }, PARENT_POLL_MS).unref()
}

/** `nohup npm start`: Node forgets that it was told to ignore the hang-up, but the output still goes to a file. */
function outlivesTerminal(): boolean {
  const output = fstatSync(1)
  return output.isFile() || (output.isCharacterDevice() && !process.stdout.isTTY)
}

stopWithNpm()
process.on('SIGHUP', () => !outlivesTerminal() && onSignal())
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)
// The terminal may be gone before we are.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
started = start().catch((error: unknown) => {
  if (stopping.signal.aborted) return
  reporter.fail(
    error instanceof StartError ? error.message : messageOf(error instanceof Error ? (error.stack ?? error) : error),
  )
  // Not from within the start: stopping waits for it.
  setImmediate(() => void stopAll(1))
})
