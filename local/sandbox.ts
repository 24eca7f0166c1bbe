/**
 * The sandbox on one machine: a few threads behind the service binding `SANDBOX`. A thread that does not answer in time
 * is killed, and another one takes its place.
 */
import { availableParallelism } from 'node:os'
import { DEADLINE_MS } from '#sandbox/limits'
import { WORKSPACE_HEADER } from '#sandbox/protocol'
import { createFairQueue } from '#lib/fair-queue'
import { type SandboxThread, startThread } from './sandbox-threads.ts'

const MIN_THREADS = 2
const MAX_THREADS = 4
const MAX_WAITING = 1_000
const MAX_WAITING_PER_WORKSPACE = 200
/** What waits lies in memory. */
const MAX_WAITING_BYTES = 67_108_864
/** Whoever waits longer may as well come back. */
const MAX_WAIT_MS = 20_000

/** What miniflare gives for each request to the binding. */
export interface SandboxRequest {
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

export interface SandboxService {
  /** 200 with the answer, or 429 when too many wait. */
  readonly fetch: (request: SandboxRequest) => Promise<Response>
  stop(): Promise<void>
}

export interface SandboxOptions {
  readonly threads?: number
  readonly deadlineMs?: number
  readonly maxWaitMs?: number
}

interface Job {
  readonly request: string
  /** Undefined: nobody took it in time. */
  readonly done: (answer: string | undefined) => void
}

export function createSandboxService({
  threads = Math.max(MIN_THREADS, Math.min(MAX_THREADS, availableParallelism())),
  deadlineMs = DEADLINE_MS,
  maxWaitMs = MAX_WAIT_MS,
}: SandboxOptions = {}): SandboxService {
  const queue = createFairQueue<Job>({
    slots: threads,
    slotsPerLane: Math.max(1, Math.floor(threads / 2)),
    maxWaiting: MAX_WAITING,
    maxWaitingPerLane: MAX_WAITING_PER_WORKSPACE,
  })
  const idle: SandboxThread[] = []
  const busy = new Set<SandboxThread>()
  let waitingBytes = 0

  function pump(): void {
    for (let taken = queue.next(); taken !== undefined; taken = queue.next()) void work(taken.lane, taken.job)
  }

  async function work(lane: string, { request, done }: Job): Promise<void> {
    const thread = idle.pop() ?? startThread()
    busy.add(thread)
    done(await thread.run(request, deadlineMs))
    busy.delete(thread)
    if (thread.isAlive) idle.push(thread)
    queue.release(lane)
    pump()
  }

  async function evaluate(lane: string, request: string): Promise<string | undefined> {
    const answer = Promise.withResolvers<string | undefined>()
    const job: Job = { request, done: answer.resolve }
    if (waitingBytes + request.length > MAX_WAITING_BYTES || !queue.push(lane, job)) return undefined
    waitingBytes += request.length
    const timer = setTimeout(() => queue.remove(lane, job) && answer.resolve(undefined), maxWaitMs)
    pump()
    try {
      return await answer.promise
    } finally {
      clearTimeout(timer)
      waitingBytes -= request.length
    }
  }

  return {
    async fetch(request) {
      const answer = await evaluate(request.headers.get(WORKSPACE_HEADER) ?? '', await request.text())
      return answer === undefined ? new Response(null, { status: 429 }) : new Response(answer)
    },
    async stop() {
      for (const job of queue.clear()) job.done(undefined)
      await Promise.all([...idle, ...busy].map((thread) => thread.stop()))
    },
  }
}
