/** Who comes next when several lanes want the same few slots. Decides only: it starts nothing and knows no time. */

export interface FairQueueLimits {
  readonly slots: number
  /** A lane never has more of them at once, so that another one's job finds a free slot. */
  readonly slotsPerLane: number
  readonly maxWaiting: number
  readonly maxWaitingPerLane: number
}

export interface FairQueue<Job extends object> {
  /** False when too many wait already. */
  push(lane: string, job: Job): boolean
  /** The next job, which has a slot from now on: lanes take turns. With `perLane` a lane has only so many at once now. */
  next(perLane?: number): { readonly lane: string; readonly job: Job } | undefined
  /** Gives a lane's slot back. */
  release(lane: string): void
  /** Takes a job back that waits; false when it does not wait any more. */
  remove(lane: string, job: Job): boolean
  /** Everything that waits, which is then forgotten. */
  clear(): Job[]
  /** How many slots are taken, and how many jobs wait. */
  count(): { readonly taken: number; readonly waiting: number }
}

export function createFairQueue<Job extends object>(limits: FairQueueLimits): FairQueue<Job> {
  /** In the order of their turns; no lane without a job. */
  const lanes = new Map<string, Set<Job>>()
  const running = new Map<string, number>()
  let taken = 0
  let waiting = 0

  function take(lane: string, jobs: Set<Job>, job: Job): void {
    jobs.delete(job)
    waiting -= 1
    if (jobs.size === 0) lanes.delete(lane)
  }

  return {
    push(lane, job) {
      const jobs = lanes.get(lane) ?? new Set()
      if (jobs.size >= limits.maxWaitingPerLane || waiting >= limits.maxWaiting) return false
      lanes.set(lane, jobs.add(job))
      waiting += 1
      return true
    },
    next(perLane = limits.slotsPerLane) {
      if (taken >= limits.slots) return undefined
      for (const [lane, jobs] of lanes) {
        const [job] = jobs
        const inUse = running.get(lane) ?? 0
        if (job === undefined || inUse >= perLane) continue
        running.set(lane, inUse + 1)
        taken += 1
        // Behind all the others: its turn is over.
        lanes.delete(lane)
        lanes.set(lane, jobs)
        take(lane, jobs, job)
        return { lane, job }
      }
      return undefined
    },
    release(lane) {
      const left = (running.get(lane) ?? 0) - 1
      taken -= 1
      if (left > 0) running.set(lane, left)
      else running.delete(lane)
    },
    remove(lane, job) {
      const jobs = lanes.get(lane)
      if (jobs?.has(job) !== true) return false
      take(lane, jobs, job)
      return true
    },
    clear() {
      const jobs = [...lanes.values()].flatMap((lane) => [...lane])
      lanes.clear()
      waiting = 0
      return jobs
    },
    count: () => ({ taken, waiting }),
  }
}
