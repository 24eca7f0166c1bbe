/** Looks at what became of jobs, several at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from './jobs.ts'

const LANES = 8
const LOOK_MS = 200

export interface Settling {
  add(jobs: readonly Job[]): void
  /** Resolves when not so many are left. */
  until(atMost: number): Promise<void>
}

export function createSettling(): Settling {
  const waiting: Job[] = []
  const lanes = new Set<Promise<void>>()
  const problems: unknown[] = []
  async function work(): Promise<void> {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job.settle()
  }
  return {
    add(jobs) {
      waiting.push(...jobs)
      while (lanes.size < Math.min(LANES, waiting.length + lanes.size)) {
        const lane: Promise<void> = work()
          .catch((error: unknown) => void problems.push(error))
          .finally(() => lanes.delete(lane))
        lanes.add(lane)
      }
    },
    async until(atMost) {
      while (waiting.length > atMost && problems.length === 0) await sleep(LOOK_MS)
      if (atMost === 0) await Promise.all(lanes)
      if (problems.length > 0) throw problems[0]
    },
  }
}

/** The same for jobs of a server that nobody attacks any more. */
export async function settle(jobs: readonly Job[]): Promise<void> {
  const settling = createSettling()
  settling.add(jobs)
  await settling.until(0)
}
