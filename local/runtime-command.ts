/** How workerd is started: apart from the terminal, and so that it never outlives us with the port in its hand. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { z } from 'zod'
import { dieWithParent } from './die-with-parent.ts'
import { commandOf, isAlive, signal, waitUntilGone } from './processes.ts'
import { StartError } from './start-error.ts'

const END_MS = 5_000
const Workerd = z.object({ default: z.string() })

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** `setsid`: Ctrl-C at the terminal is for us, who then let the worker finish what it is at. */
function toScript(workerd: string): string {
  const wrapped = dieWithParent('KILL', [workerd])
  const command = (wrapped.length > 1 ? ['setsid', ...wrapped] : wrapped).map(quote).join(' ')
  return `#!/bin/sh\necho $$ > "$SYNAPSCALE_PID_FILE"\nexec ${command} "$@"\n`
}

function findWorkerd(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('miniflare'))
  return Workerd.parse(require('workerd')).default
}

/**
 * Makes miniflare start workerd through a script of ours. `directory` is where the script lies.
 *
 * @returns the environment that the script needs
 */
export function wrapRuntime(directory: string, pidFile: string): Record<string, string> {
  if (process.platform === 'win32') return {}
  const script = join(directory, 'workerd.sh')
  mkdirSync(directory, { recursive: true })
  const text = toScript(findWorkerd())
  // Another start may be reading it this moment.
  if (!existsSync(script) || readFileSync(script, 'utf8') !== text) writeFileSync(script, text, { mode: 0o755 })
  process.env['MINIFLARE_WORKERD_PATH'] = script
  return { SYNAPSCALE_PID_FILE: pidFile }
}

/** The pid of the workerd that was started last, if it is one and lives. */
export function findRuntime(pidFile: string): number | undefined {
  if (!existsSync(pidFile)) return undefined
  const pid = Number(readFileSync(pidFile, 'utf8'))
  return Number.isInteger(pid) && pid > 1 && isAlive(pid) && commandOf(pid)?.includes('workerd') === true
    ? pid
    : undefined
}

/**
 * Ends a workerd that outlived its parent, where the kernel does not do it. The caller holds the lock of the data
 * directory, so the process is nobody's.
 */
export async function endLeftoverRuntime(pidFile: string, log: (line: string) => void): Promise<void> {
  const pid = findRuntime(pidFile)
  if (pid === undefined) return
  log(`a worker from an earlier start still runs (pid ${pid}): stopping it`)
  signal(pid, 'SIGKILL')
  if (!(await waitUntilGone([pid], END_MS)))
    throw new StartError(`the worker of an earlier start does not end: stop process ${pid}`)
}
