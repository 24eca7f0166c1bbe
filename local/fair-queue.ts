/** Who comes next when several tenants want the same few slots. Decides only: it starts nothing and knows no time. */

export interface FairQueueLimits {
  readonly slots: number
  /** A tenant never has more of them at once, so that another one's job finds a free slot. */
  readonly slotsPerTenant: number
  readonly maxWaiting: number
  readonly maxWaitingPerTenant: number
}

export interface FairQueue<Job> {
  /** False when too many wait already. */
  push(tenant: string, job: Job): boolean
  /** The next job, which has a slot from now on: tenants take turns. */
  next(): { readonly tenant: string; readonly job: Job } | undefined
  /** Gives a tenant's slot back. */
  release(tenant: string): void
  /** Takes a job back that waits; false when it does not wait any more. */
  remove(tenant: string, job: Job): boolean
  /** Everything that waits, which is then forgotten. */
  clear(): Job[]
}

export function createFairQueue<Job>(limits: FairQueueLimits): FairQueue<Job> {
  /** In the order of their turns. */
  const waiting = new Map<string, Job[]>()
  const running = new Map<string, number>()
  const count = (lists: Iterable<number>): number => [...lists].reduce((sum, length) => sum + length, 0)
  const countWaiting = (): number => count([...waiting.values()].map((jobs) => jobs.length))

  return {
    push(tenant, job) {
      const jobs = waiting.get(tenant) ?? []
      if (jobs.length >= limits.maxWaitingPerTenant || countWaiting() >= limits.maxWaiting) return false
      waiting.set(tenant, [...jobs, job])
      return true
    },
    next() {
      if (count(running.values()) >= limits.slots) return undefined
      for (const [tenant, [job, ...others]] of waiting) {
        const taken = running.get(tenant) ?? 0
        if (job === undefined || taken >= limits.slotsPerTenant) continue
        running.set(tenant, taken + 1)
        // Behind all the others: its turn is over.
        waiting.delete(tenant)
        if (others.length > 0) waiting.set(tenant, others)
        return { tenant, job }
      }
      return undefined
    },
    release(tenant) {
      const left = (running.get(tenant) ?? 0) - 1
      if (left > 0) running.set(tenant, left)
      else running.delete(tenant)
    },
    remove(tenant, job) {
      const jobs = waiting.get(tenant) ?? []
      if (!jobs.includes(job)) return false
      const others = jobs.filter((other) => other !== job)
      if (others.length > 0) waiting.set(tenant, others)
      else waiting.delete(tenant)
      return true
    },
    clear() {
      const jobs = [...waiting.values()].flat()
      waiting.clear()
      return jobs
    },
  }
}
