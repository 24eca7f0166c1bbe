/** Ends waiting as soon as a signal aborts, whether or not the work listens to it: in workers signals arrive late. */
export interface AbortRace {
  /** The work's outcome, or the signal's reason. The work itself goes on, and nobody hears of how it ends. */
  race<T>(work: PromiseLike<T>): Promise<T>
}

/**
 * One listener for as many waits as there are, one for each piece of a stream for instance. Not `Promise.race` against one
 * promise of the abort, which would hold every piece until it settles.
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
    race: (work) =>
      new Promise((resolve, reject) => {
        waiting.add(reject)
        work.then(
          (value) => {
            waiting.delete(reject)
            resolve(value)
          },
          (error: unknown) => {
            waiting.delete(reject)
            reject(error)
          },
        )
        if (signal.aborted) onAbort()
      }),
  }
}
