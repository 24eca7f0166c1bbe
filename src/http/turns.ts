/**
 * Who is served next, where one thread serves everybody: beyond `slots` requests at work, lanes take turns.
 *
 * I1 A lane has at most `slotsPerLane` requests at work while nobody else is there, and `slotsBeside` while somebody is:
 *    whose requests find the thread nearly free, since each of their steps waits for all that is at work.
 * I2 A turn ends with the answer, or before a long wait (`end`), or by itself after `leaseMs`: a request whose client has
 *    gone may never come to its end, and one that waits for others holds up nobody.
 * I3 Lanes that lead to the same workspace are nobody else. A user's own is taken for that workspace's from the next
 *    request on: then one place is enough for knowing who asks and for what is asked.
 * I4 While somebody else is there, a turn that has started an execution goes on for a while: that works as well.
 * I5 Nobody waits for longer than `patienceMs`, and not more than `maxWaitingPerLane` in one lane: then it is 429.
 */
import { AppError } from '#core/errors'
import { createFairQueue, type FairQueueLimits } from '#lib/fair-queue'
import type { Turn } from '#services/context'
import { createHomes, createPresence } from './who-is-there.ts'

export interface TurnLimits extends FairQueueLimits {
  readonly slotsBeside: number
  readonly leaseMs: number
  readonly patienceMs: number
}

/** Few enough that a step of somebody else's waits for some milliseconds, enough to keep one thread and PostgreSQL busy. */
const ONE_THREAD: TurnLimits = {
  slots: 16,
  slotsPerLane: 12,
  slotsBeside: 4,
  maxWaiting: 2_000,
  maxWaitingPerLane: 1_000,
  leaseMs: 1_000,
  patienceMs: 10_000,
}
/** workerd lets no request wake another one, so each looks for its own turn: soon at first, then more rarely. */
const FIRST_LOOK_MS = 4
const LAST_LOOK_MS = 20
const RETRY_SECONDS = 2
/** What a request has started is taken to work for as long as the request did, and no longer than this. */
const MAX_LINGER_MS = 250

interface Waiter {
  readonly lane: string
  since: number
  isIn: boolean
  until: number
}

export type OpenTurn = (lane: string) => Turn

/** Makes turns that know of each other. */
export function createTurns(limits: TurnLimits = ONE_THREAD, now: () => number = Date.now): OpenTurn {
  const queue = createFairQueue<Waiter>(limits)
  const working = new Set<Waiter>()
  const homes = createHomes()
  const presence = createPresence(now)

  function leave(waiter: Waiter): void {
    if (working.delete(waiter)) queue.release(waiter.lane)
    else queue.remove(waiter.lane, waiter)
    letIn()
  }

  function letIn(): void {
    const time = now()
    for (const waiter of working) {
      if (waiter.until <= time && working.delete(waiter)) queue.release(waiter.lane)
    }
    const perLane = presence.isShared() ? limits.slotsBeside : limits.slotsPerLane
    for (let next = queue.next(perLane); next !== undefined; next = queue.next(perLane)) {
      const { job } = next
      job.isIn = true
      job.since = time
      job.until = time + limits.leaseMs
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

  return (first) => {
    let lane = first
    let asked: string | undefined
    let mine: Waiter | undefined
    function end(): void {
      if (mine !== undefined) leave(mine)
      mine = undefined
    }
    async function enter(next: string): Promise<void> {
      presence.saw(homes.of(next))
      // Who is in already stays in.
      if (next === lane && mine !== undefined && working.has(mine)) return
      end()
      lane = next
      mine = { lane, since: 0, isIn: false, until: 0 }
      if (!queue.push(lane, mine)) {
        mine = undefined
        throw refusal()
      }
      letIn()
      if (!mine.isIn) await wait(mine)
    }
    return {
      lane: () => lane,
      end,
      leaveToWork() {
        if (mine === undefined || !presence.isShared()) return
        const time = now()
        mine.until = Math.min(mine.until, time + Math.min(MAX_LINGER_MS, time - mine.since))
        mine = undefined
      },
      takeFor(asking) {
        asked = asking.name
        return enter(asking.isSure ? homes.of(asking.name) : asking.name)
      },
      take(workspaceId) {
        if (asked !== undefined) homes.set(asked, workspaceId)
        return enter(workspaceId)
      },
    }
  }
}

function refusal(): AppError {
  return new AppError('too_many_at_once', { params: { seconds: RETRY_SECONDS }, retryAfterSeconds: RETRY_SECONDS })
}
