/** The embedded PostgreSQL, kept running: one that ends by itself is started again where the worker looks for it. */
import { createCrashCounter } from './crash-counter.ts'
import { startPostgres, type RunningPostgres } from './postgres.ts'
import { messageOf } from './start-error.ts'

export interface EmbeddedDatabaseOptions {
  readonly dataDir: string
  readonly log: (line: string) => void
  /** Called once when it cannot be kept running. */
  readonly onFatal: (reason: string) => void
}

/** Starts PostgreSQL and watches over it until `stop`. */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<RunningPostgres> {
  const { dataDir, log, onFatal } = options
  const first = await startPostgres({ dataDir, log })
  const crashes = createCrashCounter()
  let current = first
  let isStopping = false

  async function keep(): Promise<void> {
    for (;;) {
      await current.ended
      if (isStopping) return
      if (crashes.isTooMany()) return onFatal(`PostgreSQL keeps dying: see ${dataDir}/server.log.1`)
      log('PostgreSQL ended by itself: starting it again')
      current = await startPostgres({ dataDir, log, port: first.port })
      log('PostgreSQL runs again')
    }
  }

  const kept = keep().catch((error: unknown) => !isStopping && onFatal(messageOf(error)))
  return {
    ...first,
    async stop() {
      isStopping = true
      await current.stop()
      await kept
    },
  }
}
