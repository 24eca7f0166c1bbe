/**
 * Who is served next, where one thread serves everybody: beyond `slots` requests at work, lanes take turns.
 *
 * I1 A lane has at most `slotsPerLane` requests at work, so that somebody else's request finds the thread nearly free.
 * I2 A turn ends with the answer, or before a long wait (`end`), or by itself after `leaseMs`: a request whose client has
 *    gone may never come to its end, and one that waits for others holds up nobody.
 * I3 Nobody waits for longer than `patienceMs`, and not more than `maxWaitingPerLane` in one lane: then it is 429.
 */
import { AppError } from '#core/errors'
import { createFairQueue, type FairQueueLimits } from '#lib/fair-queue'
import type { Turn } from '#services/context'

export interface TurnLimits extends FairQueueLimits {
  readonly leaseMs: number
  readonly patienceMs: number
}

/** Few enough that a step of somebody else's waits for some milliseconds, enough to keep one thread and PostgreSQL busy. */
const ONE_THREAD: TurnLimits = {
  slots: 16,
  slotsPerLane: 12,
  maxWaiting: 2_000,
  maxWaitingPerLane: 1_000,
  leaseMs: 1_000,
  patienceMs: 3_000,
}
/** workerd lets no request wake another one, so each looks for its own turn: soon at first, then more rarely. */
const FIRST_LOOK_MS = 4
const LAST_LOOK_MS = 20
const RETRY_SECONDS = 2

interface Waiter {
  readonly lane: string
  isIn: boolean
  until: number
}

/** What waiting takes is told to `onWaited`, in milliseconds. */
export type OpenTurn = (lane: string, onWaited: (ms: number) => void) => Turn

/** Makes turns that know of each other. */
export function createTurns(limits: TurnLimits = ONE_THREAD, now: () => number = Date.now): OpenTurn {
  const queue = createFairQueue<Waiter>(limits)
  /** In the order in which their leases end. */
  const working = new Set<Waiter>()

  function leave(waiter: Waiter): void {
    if (working.delete(waiter)) queue.release(waiter.lane)
    else queue.remove(waiter.lane, waiter)
    letIn()
  }

  function letIn(): void {
    for (const waiter of working) {
      if (waiter.until > now()) break
      working.delete(waiter)
      queue.release(waiter.lane)
    }
    for (let next = queue.next(); next !== undefined; next = queue.next()) {
      const { job } = next
      job.isIn = true
      job.until = now() + limits.leaseMs
      working.add(job)
    }
  }

  async function wait(waiter: Waiter): Promise<void> {
    const deadline = now() + limits.patienceMs
    for (let lookMs = FIRST_LOOK_MS; !waiter.isIn; lookMs = Math.min(LAST_LOOK_MS, lookMs * 2)) {
      if (now() >= deadline) {
        leave(waiter)
        throw refusal()
      }
      await new Promise((look) => setTimeout(look, lookMs))
      letIn()
    }
  }

  return (first, onWaited) => {
    let lane = first
    let mine: Waiter | undefined
    function end(): void {
      if (mine !== undefined) leave(mine)
      mine = undefined
    }
    return {
      lane: () => lane,
      end,
      async take(next) {
        end()
        lane = next
        mine = { lane, isIn: false, until: 0 }
        if (!queue.push(lane, mine)) {
          mine = undefined
          throw refusal()
        }
        letIn()
        if (mine.isIn) return
        const began = now()
        await wait(mine)
        onWaited(now() - began)
      },
    }
  }
}

function refusal(): AppError {
  return new AppError('too_many_at_once', { params: { seconds: RETRY_SECONDS }, retryAfterSeconds: RETRY_SECONDS })
}
