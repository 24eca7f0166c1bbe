/** Processes that may outlive the one that started them: recognise them without mistaking a reused pid, and end them. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './start-error.ts'

const LINUX = process.platform === 'linux'
const POLL_MS = 20

interface ProcStat {
  readonly name: string
  readonly state: string
  readonly startTicks: string
}

/** `/proc/<pid>/stat`: the name stands in parentheses and may itself contain any character. */
function readStat(pid: number): ProcStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = text.lastIndexOf(')')
    const fields = text.slice(end + 2).split(' ')
    return { name: text.slice(text.indexOf('(') + 1, end), state: fields[0] ?? '', startTicks: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function ps(pid: number, column: 'lstart' | 'command'): string | undefined {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** When the process began, as this machine tells it: with the pid it names one process for good. Undefined: it is gone. */
export function startOf(pid: number): string | undefined {
  if (!LINUX) return ps(pid, 'lstart')
  const stat = readStat(pid)
  return stat === undefined || stat.state === 'Z' ? undefined : stat.startTicks
}

/** Whether a process of that pid lives; one that ended but was not yet waited for does not. */
export function isAlive(pid: number): boolean {
  return startOf(pid) !== undefined
}

/** Whether the pid is in use, if only by a process that ended and that nobody has waited for. */
export function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** The command line, arguments separated by spaces. */
export function commandOf(pid: number): string | undefined {
  if (!LINUX) return ps(pid, 'command')
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return undefined
  }
}

/** The processes of that name that work in `directory`. Elsewhere than on Linux nothing tells, so none. */
export function findWorkingIn(directory: string, name: string): number[] {
  if (!LINUX) return []
  const pids = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
  return pids.filter((pid) => {
    try {
      return readStat(pid)?.name === name && readlinkSync(`/proc/${pid}/cwd`) === directory
    } catch {
      return false
    }
  })
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile, or not ours: the caller sees which by waiting.
  }
}

/** Waits until the processes are gone. False when the time is over first. */
export async function waitUntilGone(pids: readonly number[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}
