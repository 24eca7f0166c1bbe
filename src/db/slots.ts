import { createFairQueue } from '#lib/fair-queue'
import { DatabaseUnavailable } from './errors.ts'

/** A place, or a place in the queue for one. */
interface Turn {
  readonly ready: Promise<void>
  /** Gives it back or leaves the queue. Idempotent. */
  leave(): void
}

export interface Slots {
  /** @throws DatabaseUnavailable when too many wait already, in this lane or in all */
  enter(lane: string): Turn
  /** Sends everybody away who waits. */
  turnAway(reason: DatabaseUnavailable): void
  /** How many are in, and how many wait. */
  count(): { readonly taken: number; readonly waiting: number }
}

export interface SlotLimits {
  readonly size: number
  /** Of them, how many one lane may have at once. */
  readonly sizePerLane: number
  readonly maxWaiting: number
  readonly maxWaitingPerLane: number
}

interface Waiter {
  readonly enter: () => void
  readonly turnAway: (reason: DatabaseUnavailable) => void
}

/** Lets `size` in at a time. Lanes take turns; within one it is first come first served. */
export function createSlots({ size, sizePerLane, ...most }: SlotLimits): Slots {
  const queue = createFairQueue<Waiter>({ slots: size, slotsPerLane: sizePerLane, ...most })

  function letIn(): void {
    for (let next = queue.next(); next !== undefined; next = queue.next()) next.job.enter()
  }

  return {
    enter(lane) {
      const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
      let isIn = false
      const waiter: Waiter = {
        enter() {
          isIn = true
          resolve()
        },
        turnAway: reject,
      }
      if (!queue.push(lane, waiter)) throw new DatabaseUnavailable('too many statements wait for PostgreSQL')
      letIn()
      return {
        ready,
        leave() {
          if (isIn) queue.release(lane)
          else queue.remove(lane, waiter)
          isIn = false
          letIn()
        },
      }
    },
    turnAway(reason) {
      for (const waiter of queue.clear()) waiter.turnAway(reason)
    },
    count: () => queue.count(),
  }
}
