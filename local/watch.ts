/** `npm run dev`: a change in the worker's code is built and put in place; code that does not build changes nothing. */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { toDuration, type Reporter } from './reporter.ts'
import { messageOf } from './start-error.ts'
import { buildWorker } from './worker-build.ts'
import type { RunningWorker } from './worker.ts'

const root = join(import.meta.dirname, '..')
/** Editors write a file in several steps, and a checkout many files. */
const SETTLE_MS = 150

/** Watches until the returned function is called. */
export function watchSources(worker: RunningWorker, reporter: Reporter): () => void {
  let timer: NodeJS.Timeout | undefined
  let turn = Promise.resolve()

  async function rebuild(): Promise<void> {
    const since = performance.now()
    try {
      const { directory } = await buildWorker()
      await worker.reload(directory)
      reporter.note(`worker rebuilt and reloaded (${toDuration(since)})`)
    } catch (error) {
      reporter.fail(`${messageOf(error)}\nthe former build keeps running`)
    }
  }

  const watchers = ['src', 'durable-objects'].map((directory) =>
    watch(join(root, directory), { recursive: true }, () => {
      clearTimeout(timer)
      timer = setTimeout(() => (turn = turn.then(rebuild)), SETTLE_MS)
    }),
  )
  reporter.note('watching src/ and durable-objects/')
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
