/** `npm run dev`: a change in the worker's code is built and put in place; code that does not build changes nothing. */
import { existsSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { toDuration, type Reporter } from './reporter.ts'
import { messageOf } from './start-error.ts'
import { buildWorker } from './worker-build.ts'
import type { RunningWorker } from './worker.ts'

const root = join(import.meta.dirname, '..')
/** Editors write a file in several steps, and a checkout many files. */
const SETTLE_MS = 150

function listDirectories(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return [path, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))]
}

/** Each directory by itself: Node's recursive watch on Linux loses a file that an editor replaced by another. */
function watchDirectories(paths: readonly string[], onChange: () => void): { refresh(): void; close(): void } {
  const watchers = new Map<string, FSWatcher>()
  const refresh = (): void => {
    const directories = new Set(paths.flatMap(listDirectories))
    for (const [directory, watcher] of watchers) {
      if (directories.has(directory)) continue
      watcher.close()
      watchers.delete(directory)
    }
    for (const directory of directories) {
      if (watchers.has(directory)) continue
      // A directory that vanishes this moment: its parent has told already.
      watchers.set(
        directory,
        watch(directory, onChange).on('error', () => undefined),
      )
    }
  }
  refresh()
  return {
    refresh,
    close() {
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}

/** Watches until the returned function is called. */
export function watchSources(worker: RunningWorker, reporter: Reporter): () => void {
  let timer: NodeJS.Timeout | undefined
  let turn = Promise.resolve()

  async function rebuild(): Promise<void> {
    const since = performance.now()
    try {
      sources.refresh()
      const { directory } = await buildWorker()
      await worker.reload(directory)
      reporter.note(`worker rebuilt and reloaded (${toDuration(since)})`)
    } catch (error) {
      reporter.fail(`${messageOf(error)}\nthe former build keeps running`)
    }
  }

  const sources = watchDirectories([join(root, 'src'), join(root, 'durable-objects')], () => {
    clearTimeout(timer)
    timer = setTimeout(() => void (turn = turn.then(rebuild)), SETTLE_MS)
  })
  reporter.note('watching src/ and durable-objects/')
  return () => {
    clearTimeout(timer)
    sources.close()
  }
}
