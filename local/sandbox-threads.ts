/** A thread of the sandbox, from outside: started when it is needed, killed when it does not answer. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { limitAnswer } from '#sandbox/protocol'

/** V8's own stack holds QuickJS's, and what it does for a schema. */
const RESOURCES = { stackSizeMb: 4, maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }
/** A thread loads its code in some 100 ms; on a machine that is busy, in seconds. */
const START_MS = 30_000

export interface SandboxThread {
  /** The answer, in time or as what has ended it; undefined when the thread does not even start. Never rejects. */
  run(request: string, deadlineMs: number): Promise<string | undefined>
  readonly isAlive: boolean
  stop(): Promise<void>
}

export function startThread(): SandboxThread {
  const worker = new Worker(join(import.meta.dirname, 'sandbox-thread.ts'), {
    resourceLimits: RESOURCES,
    // Nothing of ours is in its reach, should QuickJS ever be broken out of.
    env: {},
    stdout: true,
    stderr: true,
  })
  worker.unref()
  let isAlive = true
  let answered: (answer: string) => void = () => undefined
  const ready = Promise.withResolvers<boolean>()
  worker.once('message', () => {
    ready.resolve(true)
    worker.on('message', (answer: string) => answered(answer))
  })
  const end = (): void => {
    isAlive = false
    ready.resolve(false)
    answered(limitAnswer('crash'))
  }
  worker.on('error', end)
  worker.on('exit', end)
  const stop = async (): Promise<void> => {
    isAlive = false
    await worker.terminate()
  }

  /** What comes first: the answer, the thread's end, or the deadline, which is the thread's end too. */
  async function run(request: string, deadlineMs: number): Promise<string | undefined> {
    if (!(await within(ready.promise, START_MS, false))) {
      await stop()
      return undefined
    }
    const answer = Promise.withResolvers<string>()
    answered = answer.resolve
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, no window
    worker.postMessage(request)
    const late = limitAnswer('time')
    const given = await within(answer.promise, deadlineMs, late)
    worker.unref()
    if (given === late) await stop()
    return given
  }

  return {
    run,
    stop,
    get isAlive() {
      return isAlive
    },
  }
}

async function within<T>(work: Promise<T>, limitMs: number, otherwise: T): Promise<T> {
  const late = Promise.withResolvers<T>()
  const timer = setTimeout(() => late.resolve(otherwise), limitMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
