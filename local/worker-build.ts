/** The bundled worker in `dist/local/<hash of its sources>`: unchanged code is not bundled again. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { messageOf, StartError } from './start-error.ts'

const root = join(import.meta.dirname, '..')
const SOURCES = [
  'src',
  'durable-objects',
  'wrangler.toml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'local/assets.ts',
  'local/worker-compile.ts',
]

/** The newest ones: a server that runs reads its modules again when the runtime restarts. */
const KEPT_BUILDS = 5

export interface WorkerBuild {
  readonly directory: string
  /** Whether it was there already. */
  readonly wasCached: boolean
}

function listFiles(path: string): string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

function hashSources(): string {
  const hash = createHash('sha256')
  for (const file of SOURCES.flatMap((source) => listFiles(join(root, source)))) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

function markUsed(directory: string): void {
  try {
    utimesSync(directory, new Date(), new Date())
  } catch {
    // Built by another user: it may go earlier than it should, and is then built again.
  }
}

function removeOld(builds: string): void {
  const byAge = readdirSync(builds)
    .map((name) => ({ path: join(builds, name), at: statSync(join(builds, name)).mtimeMs }))
    .toSorted((a, b) => b.at - a.at)
  for (const { path } of byAge.slice(KEPT_BUILDS)) rmSync(path, { recursive: true, force: true })
}

/** What the bundler says about a mistake in the code; its other lines are no news. */
function complaintOf(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/Logs were written|^wrangler could/.test(line))
  const first = lines.findIndex((line) => /ERROR|Error:/.test(line))
  return lines.slice(Math.max(0, first)).join('\n')
}

async function compile(directory: string, signal: AbortSignal | undefined): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-compile.ts'), directory], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'dist/compile-cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal && { signal }),
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise((done, failed) => child.on('error', failed).on('close', done))
  if (code !== 0) throw new StartError(`the worker cannot be built: ${complaintOf(output)}`)
}

/**
 * Bundles the worker, if its sources changed.
 *
 * @throws StartError with what the bundler says
 */
export async function buildWorker(signal?: AbortSignal): Promise<WorkerBuild> {
  try {
    const builds = join(root, 'dist/local')
    const directory = join(builds, hashSources())
    if (existsSync(directory) && existsSync(join(root, 'dist/assets'))) {
      markUsed(directory)
      return { directory, wasCached: true }
    }
    mkdirSync(builds, { recursive: true })
    const draft = mkdtempSync(join(builds, 'draft-'))
    try {
      await compile(draft, signal)
      rmSync(directory, { recursive: true, force: true })
      renameSync(draft, directory)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
    removeOld(builds)
    return { directory, wasCached: false }
  } catch (error) {
    throw error instanceof StartError ? error : new StartError(`the worker cannot be built: ${messageOf(error)}`)
  }
}
