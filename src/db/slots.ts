import { DatabaseUnavailable } from './errors.ts'

/** A place, or a place in the queue for one. */
interface Turn {
  readonly ready: Promise<void>
  /** Gives it back or leaves the queue. Idempotent. */
  leave(): void
}

export interface Slots {
  enter(): Turn
  /** Sends everybody away who waits. */
  turnAway(reason: DatabaseUnavailable): void
  /** How many are in, and how many wait. */
  count(): { readonly taken: number; readonly waiting: number }
}

interface Waiter {
  readonly enter: () => void
  readonly turnAway: (reason: DatabaseUnavailable) => void
}

/** Lets `size` in at a time, first come first served, and `maxWaiting` queue. */
export function createSlots({ size, maxWaiting }: { size: number; maxWaiting: number }): Slots {
  let free = size
  const waiting = new Set<Waiter>()

  function pass(): void {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next.enter()
    }
  }

  function enterNow(): Turn {
    let isIn = true
    free -= 1
    return {
      ready: Promise.resolve(),
      leave() {
        if (isIn) pass()
        isIn = false
      },
    }
  }

  function queue(): Turn {
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    let isIn = false
    const waiter: Waiter = {
      enter() {
        isIn = true
        resolve()
      },
      turnAway: reject,
    }
    waiting.add(waiter)
    return {
      ready,
      leave() {
        waiting.delete(waiter)
        if (isIn) pass()
        isIn = false
      },
    }
  }

  return {
    enter() {
      if (free > 0) return enterNow()
      if (waiting.size >= maxWaiting) throw new DatabaseUnavailable('too many statements wait for PostgreSQL')
      return queue()
    },
    turnAway(reason) {
      for (const waiter of waiting) waiter.turnAway(reason)
      waiting.clear()
    },
    count: () => ({ taken: size - free, waiting: waiting.size }),
  }
}
