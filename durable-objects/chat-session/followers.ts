/** Whoever waits for what comes next, in memory alone. */
export interface Followers {
  /** To be called after each commit. */
  wake(): void
  /** There is nothing more to come: nobody waits any longer. */
  end(): void
  /** Resolves when `holds` does, or with false when the time is up. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean>
}

export function createFollowers(): Followers {
  const waiting = new Set<() => void>()
  const next = (): Promise<void> => new Promise((woken) => waiting.add(woken))
  const state = { isOpen: true }

  function wake(): void {
    const woken = [...waiting]
    waiting.clear()
    for (const resolve of woken) resolve()
  }

  return {
    wake,
    end() {
      state.isOpen = false
      wake()
    },
    async until(holds, timeoutMs) {
      const controller = new AbortController()
      // A timer that is left behind keeps the actor in memory until it rings.
      const timeout = scheduler.wait(timeoutMs, { signal: controller.signal }).then(
        () => 'over' as const,
        () => undefined,
      )
      while (state.isOpen && !holds()) if ((await Promise.race([next(), timeout])) === 'over') break
      controller.abort()
      return state.isOpen && holds()
    },
  }
}
