import { readConfig } from '#config'
import { catalog } from '#nodes/catalog'
import { advance, type Machine } from '#core/workflow/advance'
import { replay } from '#core/workflow/apply'
import { isPerforming, nextTick } from '#core/workflow/deadline'
import type { UsageEntry } from '#core/usage/usage-entry'
import { factsOf, type RunHeader } from '#core/workflow/execution'
import { toFrame } from '#core/workflow/frame'
import type { Plan } from '#core/workflow/plan'
import { isFinal, type RunState, visitKey, visitOf } from '#core/workflow/run'
import { runTrace, visitTrace } from '#core/workflow/run-trace'
import type { RunCommand, RunInput, Step } from '#core/workflow/step'
import { type AlarmClock, createAlarmClock } from '#durable-objects/shared/alarm-clock'
import { createWatchers, type Watchers } from '#durable-objects/shared/watchers'
import { createTelling, type TellStep } from '#telemetry/run-telemetry'
import { createDebts, type Debts } from './debts.ts'
import { createNodeHost } from './node-host.ts'
import { type NodeHost, type Perform, performVisit } from './perform.ts'
import { createRunValues, type RunValues } from './run-values.ts'
import { retirementOf } from './retire.ts'
import type { RunStorage } from './storage.ts'

/** How long after a crash the run goes on by itself at the latest: the alarm that is set before anything is performed. */
const GUARD_MS = 5_000
const MINUTE_MS = 60_000
/** When an archive that could not be written is tried again. */
const RETIRE_RETRY_MS = 5 * MINUTE_MS

/**
 * A run in memory: takes inputs, writes what follows from them in one commit, then acts.
 *
 * L1  Nothing is performed or shown before the events that say so are written.
 * L2  While a visit is performed or something is owed to others, an alarm is set; a run that only waits has one for the
 *     moment that it waits for, and costs nothing until then; one that is over and owes nothing, for its leave.
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
  readonly #debts: Debts
  readonly #values: RunValues
  readonly #tell: TellStep
  readonly #performing = new Map<string, { readonly performance: number; readonly controller: AbortController }>()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #finished = Promise.withResolvers<void>()
  readonly #responded = Promise.withResolvers<void>()

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
    this.#machine = { plan, catalog, facts: factsOf(header) }
    this.#clock = createAlarmClock(ctx.storage, armedAt)
    const { state } = this
    this.#tell = createTelling({ ctx, env }, { header, plan, state })
    this.#values = createRunValues(env, header, state)
    const lastSeq = () => storage.log.lastSeq()
    const startsSettled = () => Promise.allSettled(this.#starting)
    this.#debts = createDebts(ctx.storage.sql, { env, header, plan, state, lastSeq, startsSettled }, () => this.arm())
    this.watchers = createWatchers(
      () => ctx.getWebSockets(),
      storage.log,
      (seq, event) => toFrame(header.executionId, seq, event),
      Date.now,
    )
    this.#settle()
  }

  /** Takes one input and everything that follows from it. */
  step(input: RunInput): void {
    const { events, commands } = this.#orAbort(() => this.#advance(input))
    this.#abortCancelled()
    if (events.length > 0) this.#show()
    for (const command of commands) this.#carryOut(command)
  }

  /** After a restart: whatever was being performed is lost, and is performed again. */
  recover(): void {
    for (const key of this.state.live) {
      const visit = this.state.visits.get(key)
      if (visit?.status === 'running' && !this.#performing.has(key)) this.step({ ...visit, type: 'lost' })
    }
    this.#deliver()
    // An alarm that was lost is made up for by whoever asks (P5).
    this.arm()
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
    // A failed delivery waits for its own time: every run of a busy hour may owe one while PostgreSQL is away.
    const isGuarded = isPerforming(this.state) || this.#debts.areDue()
    const wishes = [
      isGuarded ? Date.now() + GUARD_MS : undefined,
      nextTick(this.plan, this.state),
      this.#debts.retryAt(),
      this.watchers.nextSweep(),
    ].filter((time) => time !== undefined)
    const retiresAt = this.#retiresAt()
    if (retiresAt !== undefined && retiresAt <= Date.now()) wishes.push(Date.now() + RETIRE_RETRY_MS)
    else if (retiresAt !== undefined && wishes.length === 0) return this.#clock.moveTo(retiresAt)
    else if (retiresAt !== undefined) wishes.push(retiresAt)
    if (wishes.length === 0) this.#clock.clear()
    else this.#clock.wakeBy(Math.min(...wishes))
  }

  /** Whether the actor may be emptied now. */
  isSpent(): boolean {
    return (this.#retiresAt() ?? Number.POSITIVE_INFINITY) <= Date.now()
  }

  /** When the actor may be emptied; undefined while the run goes on or owes something. */
  #retiresAt(): number | undefined {
    const { status, finishedAt } = this.state
    if (!isFinal(status) || finishedAt === undefined || this.#debts.areOpen()) return undefined
    return retirementOf(this.header.executionId, finishedAt, readConfig(this.#env).RETENTION_ACTOR_MINUTES)
  }

  /** Resolves when the run is over. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /** Resolves when a node has answered, or the run is over without. */
  get responded(): Promise<void> {
    return this.#responded.promise
  }

  /** What follows from an input, written in one commit. */
  #advance(input: RunInput): Step {
    const { status, orphans, large } = this.state
    const before = { status, orphans: orphans.length, large: large.size }
    const step = advance(this.#machine, this.state, input, { now: Date.now(), random: Math.random() })
    if (step.events.length === 0) return step
    this.#ctx.storage.transactionSync(() => {
      this.#storage.log.append(step.events)
      this.#debts.add(before, step.events)
    })
    this.arm()
    this.#tell(status, step.events)
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

  #show(): void {
    this.watchers.pump()
    this.#deliver()
    this.#settle()
  }

  #settle(): void {
    const isOver = isFinal(this.state.status)
    // A run that waits, or is over, may stay in memory for long.
    if (isOver || this.state.live.size === 0) this.#values.forget()
    if (isOver) this.#finished.resolve()
    if (isOver || this.state.response !== undefined) this.#responded.resolve()
  }

  /** What was cancelled with its loop's item, or with the run, is of no use any more. */
  #abortCancelled(): void {
    for (const [key, { performance, controller }] of this.#performing) {
      const visit = this.state.visits.get(key)
      if (visit?.status === 'running' && visit.performance === performance) continue
      controller.abort(new Error('the visit is over'))
      this.#performing.delete(key)
    }
  }

  #carryOut(command: RunCommand): void {
    if (command.type === 'perform') this.#ctx.waitUntil(this.#perform(command))
  }

  async #perform(command: Perform): Promise<void> {
    const key = visitKey(command)
    const controller = new AbortController()
    this.#performing.set(key, { performance: command.performance, controller })
    const { signal } = controller
    const outcome = await performVisit(
      this.#env,
      this.#machine,
      this.state,
      { ...command, trace: visitTrace(runTrace(this.header), command) },
      this.#values,
      signal,
      this.#hostOf(command),
    )
    if (this.#performing.get(key)?.controller === controller) this.#performing.delete(key)
    this.step(outcome)
  }

  /** The ports that lead back here. */
  #hostOf(command: Perform): NodeHost {
    const run = {
      env: this.#env,
      header: this.header,
      values: this.#values,
      starting: this.#starting,
      step: (input: RunInput) => this.step(input),
      owe: (entry: UsageEntry) => this.#owe(entry),
    }
    return createNodeHost(run, command, visitOf(this.state, command))
  }

  /** What was paid for is owed to the ledger, also when the run has ended or the visit is not the last attempt. */
  #owe(entry: UsageEntry): void {
    this.#orAbort(() => this.#ctx.storage.transactionSync(() => this.#debts.addUsage(entry)))
    this.arm()
    this.#deliver()
  }

  /** The execution, where every large value that it holds is its own. */
  get owner(): string | undefined {
    return this.#debts.owner()
  }

  #deliver(): void {
    if (this.#debts.areOpen()) this.#ctx.waitUntil(this.#debts.flush())
  }
}
