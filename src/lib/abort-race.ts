/** Ends waiting as soon as a signal aborts, whether or not the work listens to it: in workers signals arrive late. */
export interface AbortRace {
  /** The work's outcome, or the signal's reason. The work itself goes on, and nobody hears of how it ends. */
  readonly race: <T>(work: PromiseLike<T>) => Promise<T>
}

/**
 * One listener for as many waits as there are, one for each piece of a stream for instance. Each wait has its own promise of the
 * abort: a single one would hold every piece until it settles.
 *
 * @param signal lives no longer than what is waited for
 */
export function createAbortRace(signal: AbortSignal): AbortRace {
  const waiting = new Set<(reason: unknown) => void>()
  const onAbort = (): void => {
    for (const reject of waiting) reject(signal.reason)
    waiting.clear()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    async race(work) {
      const { promise, reject } = Promise.withResolvers<never>()
      waiting.add(reject)
      if (signal.aborted) onAbort()
      try {
        return await Promise.race([work, promise])
      } finally {
        waiting.delete(reject)
      }
    },
  }
}
