/** One start for one data directory: two servers on the same files would destroy them. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { startOf } from './processes.ts'
import { codeOf, messageOf, StartError } from './start-error.ts'

/** A pid alone is used again, at once after a container's restart; with the start time it names one process. */
const Holder = z.object({ pid: z.int(), startedAt: z.string() })
type Holder = z.infer<typeof Holder>

/** Long enough for somebody who judged the same stale lock to have shown up. */
const TAKEOVER_SETTLE_MS = 100

function readHolder(file: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

function isHeld(holder: Holder | undefined): holder is Holder {
  return holder !== undefined && startOf(holder.pid) === holder.startedAt
}

/** Whether a start holds the directory now. */
export function isLocked(directory: string): boolean {
  return isHeld(readHolder(join(directory, 'lock')))
}

/** `link` fails when the name exists, and what it makes is complete at once. */
function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function removeStale(file: string): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
    rmSync(aside)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function makeDirectory(directory: string): void {
  try {
    // Others may pass through but not look: the user that PostgreSQL runs as may have to.
    mkdirSync(directory, { recursive: true, mode: 0o711 })
  } catch (error) {
    throw new StartError(
      `the data directory cannot be made (${messageOf(error)}): set DATA_DIR to one that you may write`,
    )
  }
}

/**
 * Takes the lock; the function that it resolves to gives it back.
 *
 * @throws StartError when another start holds it
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  makeDirectory(directory)
  const file = join(directory, 'lock')
  const draft = `${file}.${process.pid}`
  const mine: Holder = { pid: process.pid, startedAt: startOf(process.pid) ?? '' }
  const isMine = (): boolean => readHolder(file)?.pid === mine.pid
  try {
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
    if (!tryLink(draft, file)) {
      if (!isHeld(readHolder(file))) {
        removeStale(file)
        tryLink(draft, file)
        await sleep(TAKEOVER_SETTLE_MS)
      }
      if (!isMine()) {
        throw new StartError(
          `another start (pid ${readHolder(file)?.pid ?? '?'}) uses ${directory}: stop it, or set DATA_DIR and PORT to others`,
        )
      }
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${directory} cannot be written (${messageOf(error)}): set DATA_DIR to a directory of yours`)
  } finally {
    rmSync(draft, { force: true })
  }
  return () => {
    if (isMine()) rmSync(file, { force: true })
  }
}
