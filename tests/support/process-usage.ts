/** What processes use, as Linux tells it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const KIB_PER_MIB = 1_024
/** Of `/proc/<pid>/stat`; 100 a second on every Linux that Node runs on. */
const TICK_MS = 10

/** Resident memory in MiB, all processes together. */
export function residentMib(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0))
  return Math.round(kib.reduce((sum, one) => sum + one, 0) / KIB_PER_MIB)
}

/** User and system time in milliseconds, all processes together. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }, 0)
}

/** The process and all that it started. */
export function withChildren(pid: number): number[] {
  const children = z
    .string()
    .parse(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
  return [pid, ...children.flatMap(withChildren)]
}

/** Bytes on disk of a directory, in MiB. */
export function directoryMib(path: string): number {
  return Math.round(Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0]) / KIB_PER_MIB)
}

/** How busy the machine has been for the last minute: beside each result, since a busy one measures itself. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0])
}
