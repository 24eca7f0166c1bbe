import { workspaceHub } from '#actors'
import { toNews } from '#core/hub/news'
import { catalog } from '#nodes/catalog'
import { advance, type Machine } from '#core/workflow/advance'
import { replay } from '#core/workflow/apply'
import { type RunHeader, toFrame } from '#core/workflow/execution'
import type { Plan } from '#core/workflow/plan'
import {
  isFinal,
  type RunCommand,
  type RunEvent,
  type RunInput,
  type RunState,
  type Step,
  visitKey,
} from '#core/workflow/run'
import { nextTick } from '#core/workflow/transition'
import { connect } from '#db/connect'
import { type AlarmClock, createAlarmClock } from '#durable-objects/shared/alarm-clock'
import { createOutbox, type Outbox } from '#durable-objects/shared/outbox'
import { createWatchers, type Watchers } from '#durable-objects/shared/watchers'
import { logLine } from '#lib/log'
import { projectExecution } from '#services/executions/project-execution'
import { type Perform, performVisit } from './perform.ts'
import type { RunStorage } from './storage.ts'

/** How long after a crash the run goes on by itself at the latest: the alarm that is set before anything is performed. */
const GUARD_MS = 5_000

/** Events after which the list in PostgreSQL has something new to tell. */
const MILESTONES: ReadonlySet<RunEvent['type']> = new Set([
  'execution_started',
  'execution_completed',
  'execution_failed',
  'execution_cancelled',
])

function hasMilestone(events: readonly RunEvent[]): boolean {
  return events.some((event) => MILESTONES.has(event.type))
}

/**
 * A run in memory: takes inputs, writes what follows from them in one commit, then acts.
 *
 * L1  Nothing is performed or shown before the events that say so are written.
 * L2  While a visit is live or a projection is owed, an alarm is set.
 * L3  When a step fails the actor is thrown away: memory may be ahead of storage.
 */
export class LiveRun {
  readonly header: RunHeader
  readonly plan: Plan
  readonly state: RunState
  readonly watchers: Watchers
  readonly #ctx: DurableObjectState
  readonly #env: Env
  readonly #storage: RunStorage
  readonly #machine: Machine
  readonly #clock: AlarmClock
  readonly #outbox: Outbox
  readonly #performing = new Map<string, AbortController>()
  readonly #finished = Promise.withResolvers<void>()

  constructor(
    ctx: DurableObjectState,
    env: Env,
    storage: RunStorage,
    run: { readonly header: RunHeader; readonly plan: Plan },
    armedAt: number | null,
  ) {
    const { header, plan } = run
    this.header = header
    this.plan = plan
    this.state = replay(plan, storage.log.all())
    this.#ctx = ctx
    this.#env = env
    this.#storage = storage
    this.#machine = {
      plan,
      catalog,
      facts: {
        execution: { id: header.executionId },
        workflow: { id: header.workflowId, name: header.workflowName, version: header.version },
      },
    }
    this.#clock = createAlarmClock(ctx.storage, armedAt)
    this.#outbox = createOutbox(
      ctx.storage.sql,
      () => this.#project(),
      (error) => this.#afterProjection(error),
      Date.now,
    )
    this.watchers = createWatchers(
      () => ctx.getWebSockets(),
      storage.log,
      (seq, event) => toFrame(header.executionId, seq, event),
      Date.now,
    )
    if (isFinal(this.state.status)) this.#finished.resolve()
  }

  /** Takes one input and everything that follows from it. */
  step(input: RunInput): void {
    const { events, commands } = this.#orAbort(() => this.#advance(input))
    if (events.length > 0) this.#show(events)
    for (const command of commands) this.#carryOut(command)
  }

  /** After a restart: whatever was being performed is lost, and is performed again. */
  resume(): void {
    for (const key of this.state.live) {
      const visit = this.state.visits.get(key)
      if (visit?.status === 'running' && !this.#performing.has(key)) this.step({ ...visit, type: 'lost' })
    }
    this.#deliver()
  }

  /** The alarm: whatever time has brought. */
  ring(): void {
    this.#clock.rang()
    this.step({ type: 'tick' })
    this.watchers.sweep(Date.now())
    this.#deliver()
    this.arm()
  }

  /** Sets the alarm for the next thing that time will bring, and takes it away when there is none. */
  arm(): void {
    const retryAt = this.#outbox.retryAt()
    // A failed delivery waits for its own time: every run of a busy hour may owe one while PostgreSQL is away.
    const isGuarded = this.state.live.size > 0 || (retryAt === undefined && !this.#outbox.isEmpty())
    const wishes = [
      isGuarded ? Date.now() + GUARD_MS : undefined,
      nextTick(this.plan, this.state),
      retryAt,
      this.watchers.nextSweep(),
    ].filter((time) => time !== undefined)
    if (wishes.length === 0) this.#clock.clear()
    else this.#clock.wakeBy(Math.min(...wishes))
  }

  /** Resolves when the run is over. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /** What follows from an input, written in one commit. */
  #advance(input: RunInput): Step {
    const step = advance(this.#machine, this.state, input, { now: Date.now(), random: Math.random() })
    if (step.events.length === 0) return step
    this.#ctx.storage.transactionSync(() => {
      this.#storage.log.append(step.events)
      if (hasMilestone(step.events)) this.#outbox.add('execution')
    })
    this.arm()
    return step
  }

  #orAbort<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.#ctx.abort(`a step of the run failed: ${String(error)}`)
      throw error
    }
  }

  #show(events: readonly RunEvent[]): void {
    this.watchers.pump()
    if (hasMilestone(events)) this.#deliver()
    if (isFinal(this.state.status)) this.#finished.resolve()
  }

  #carryOut(command: RunCommand): void {
    if (command.type === 'abort_all') {
      for (const controller of this.#performing.values()) controller.abort(new Error('the execution is over'))
      this.#performing.clear()
      return
    }
    this.#ctx.waitUntil(this.#perform(command))
  }

  async #perform(command: Perform): Promise<void> {
    const key = visitKey(command)
    const controller = new AbortController()
    this.#performing.set(key, controller)
    const outcome = await performVisit(this.#env, this.#machine, this.state, command, controller.signal)
    if (this.#performing.get(key) === controller) this.#performing.delete(key)
    this.step(outcome)
  }

  #deliver(): void {
    if (!this.#outbox.isEmpty()) this.#ctx.waitUntil(this.#outbox.flush())
  }

  async #project(): Promise<void> {
    const seq = this.#storage.log.lastSeq()
    const news = toNews(this.header, this.state, seq, Date.now())
    const isWatched = await projectExecution(connect(this.#env), this.header, this.plan, this.state, seq)
    if (isWatched) await workspaceHub(this.#env, this.header.workspaceId).tell(news)
  }

  #afterProjection(error: unknown): void {
    if (error !== undefined) {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
      logLine('warn', { event: 'projection_failed', execution_id: this.header.executionId, error: text })
    }
    this.arm()
  }
}
