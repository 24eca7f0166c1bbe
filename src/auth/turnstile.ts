/**
 * A queue before work that blocks the thread. Requests may not await each other's promises in a Worker, so the state is
 * plain data and each waiting request polls it with a timer of its own.
 *
 * I1  At most `slots` visitors are inside.
 * I2  At most `places` besides wait; whoever comes then is refused at once.
 * I3  Whoever is cancelled (a Worker may drop a request without running its `finally`) is forgotten after `leaseMs`, and
 *     holds up nobody else who waits: the first to ask enters, not the first to come.
 */
import { AppError } from '#core/errors'

interface Visitor {
  inside: boolean
  /** Unix milliseconds of the last sign of life. */
  seenAt: number
}

export interface TurnstileOptions {
  readonly slots: number
  /** How many may wait besides those inside. */
  readonly places: number
  readonly pollMs: number
  readonly leaseMs: number
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

export interface Turnstile {
  /**
   * Waits for a slot.
   *
   * @returns what gives the slot back; calling it again does nothing
   * @throws AppError `busy` when all places are taken
   */
  enter(): Promise<() => void>
}

/** A turnstile that everybody in this isolate goes through. */
export function createTurnstile(options: TurnstileOptions): Turnstile {
  const { slots, places, pollMs, leaseMs, now, sleep } = options
  const visitors = new Set<Visitor>()

  function forgetTheSilent(): void {
    for (const visitor of visitors) if (now() - visitor.seenAt > leaseMs) visitors.delete(visitor)
  }

  function isFull(): boolean {
    return [...visitors].filter((visitor) => visitor.inside).length >= slots
  }

  return {
    async enter() {
      forgetTheSilent()
      if (visitors.size >= slots + places) throw new AppError('busy', { retryAfterSeconds: 1 })
      const visitor: Visitor = { inside: false, seenAt: now() }
      visitors.add(visitor)
      while (isFull()) {
        await sleep(pollMs)
        visitor.seenAt = now()
        // Again, if it was forgotten although alive: the thread was blocked for a whole lease.
        visitors.add(visitor)
        forgetTheSilent()
      }
      visitor.inside = true
      // Between two pieces of blocking work the event loop gets a turn.
      await sleep(pollMs)
      return () => visitors.delete(visitor)
    },
  }
}
