import { DurableObject } from 'cloudflare:workers'
import { workspaceHub, type WorkspaceHubActor } from '#actors'
import {
  type ExecutionFrame,
  type ExecutionRecord,
  type SomeVisits,
  toExecution,
  type VisitRange,
} from '#core/workflow/execution'
import { toFrame } from '#core/workflow/frame'
import type { ChildEnd, RunResponse, Signal, VisitRef } from '#core/workflow/event'
import { isFinal, visitOf } from '#core/workflow/run'
import { visitsIn } from '#core/workflow/visit-range'
import { seedOf } from '#core/workflow/seed'
import type { RunInput } from '#core/workflow/step'
import { type Hole, type Holes, restore, takeOut, withHoles } from '#core/workflow/value'
import {
  type ApprovalDecision,
  type ApprovalReply,
  type ApprovalState,
  type SignalAnswer,
  toApprovalReply,
  toApprovalState,
  toVisitWaits,
  type VisitWait,
} from '#core/workflow/waits'
import { type RunOrder, toRetryOrder, toStart } from '#core/workflow/order'
import { readSocketOrder } from '#core/socket'
import { createAdmission } from '#durable-objects/shared/admission'
import { answerClose, answerFrame, heartbeats } from '#durable-objects/shared/client-frames'
import { ring } from '#durable-objects/shared/ring'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { LiveRun } from './live-run.ts'
import { retire } from './retire.ts'
import { createRunStorage } from './storage.ts'

const MAX_SOCKETS = 1_000

/** Waits for something, but not longer than this. */
async function within(timeoutMs: number, event: Promise<void>): Promise<void> {
  const waiting = new AbortController()
  // A timer that is left behind keeps the actor in memory until it rings.
  const timeout = scheduler.wait(timeoutMs, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([event, timeout])
  waiting.abort()
}

/**
 * The actor of one execution: its entry points. Every call names the caller's workspace, and another one's run does
 * not exist for it. What the run does is `live-run.ts`; what that means is `src/core/workflow`.
 */
export class WorkflowRun extends DurableObject<Env> {
  #storage = createRunStorage(this.ctx.storage.sql)
  readonly #admission = createAdmission(this.ctx, () => this.#hub())
  #live: LiveRun | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(heartbeats())
    void ctx.blockConcurrencyWhile(async () => {
      this.#admission.dropUnadmitted()
      const run = this.#storage.load()
      if (run === undefined) return
      this.#live = new LiveRun(ctx, env, this.#storage, run, await ctx.storage.getAlarm())
      this.#live.recover()
    })
  }

  /** Starts the run; a second call with the same id changes nothing. Durable when it returns. */
  start(order: RunOrder): ExecutionRecord {
    const live = (this.#live ??= this.#create(order))
    live.step(toStart(order))
    return toExecution(live.header, live.state)
  }

  /**
   * What another run needs to go on from where this one ended, with all that was put out; only its header is new.
   * undefined while it has not ended, or has completed.
   */
  retryOrder(workspaceId: string): Omit<RunOrder, 'header'> | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined || !isFinal(live.state.status) || live.state.status === 'completed') return undefined
    const seed = seedOf(live.plan, [...this.#storage.log.all()], Date.now())
    return toRetryOrder(live.plan, live.state.inputs, seed, live.owner)
  }

  describe(workspaceId: string): ExecutionRecord | undefined {
    const live = this.#find(workspaceId)
    return live && toExecution(live.header, live.state)
  }

  /** The execution when it has ended within the time, else undefined. */
  async waitFinished(workspaceId: string, timeoutMs: number): Promise<ExecutionRecord | undefined> {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    await within(timeoutMs, live.finished)
    return isFinal(live.state.status) ? toExecution(live.header, live.state) : undefined
  }

  /** Some of the visits, as many as fit into one answer. */
  visits(workspaceId: string, range: VisitRange): SomeVisits | undefined {
    const live = this.#find(workspaceId)
    return live && visitsIn(live.plan, live.state, range)
  }

  /** Frames behind `after`, at most `limit`. */
  events(workspaceId: string, after: number, limit: number): ExecutionFrame[] | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    return this.#storage.log.read(after, limit).map(({ seq, event }) => toFrame(live.header.executionId, seq, event))
  }

  /** Cancels the run; false when it had already ended. */
  cancel(workspaceId: string, by: string | null): boolean | undefined {
    return this.#tell(workspaceId, { type: 'cancel', by })
  }

  /** Finishes what is in flight and starts nothing new; false when the run has ended. Twice is once. */
  pause(workspaceId: string, by: string | null): boolean | undefined {
    return this.#tell(workspaceId, { type: 'pause', by })
  }

  /** Goes on after a pause; false when the run has ended. */
  resume(workspaceId: string, by: string | null): boolean | undefined {
    return this.#tell(workspaceId, { type: 'resume', by })
  }

  /** Gives a signal to whoever waits for it, or keeps it; the same `id` counts once. */
  signal(workspaceId: string, signal: Signal): SignalAnswer | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    if (live.state.signalIds.has(signal.id)) return 'duplicate'
    if (isFinal(live.state.status)) return 'finished'
    live.step({ type: 'signal', signal })
    return live.state.signalIds.has(signal.id) ? 'accepted' : 'refused'
  }

  /** What the visits of this run wait for, oldest first. */
  waits(workspaceId: string): VisitWait[] | undefined {
    const live = this.#find(workspaceId)
    return live && toVisitWaits(live.state)
  }

  /** An approval of this run, open or not. */
  approval(workspaceId: string, ref: VisitRef): ApprovalState | undefined {
    const live = this.#find(workspaceId)
    return live && toApprovalState(live.state, ref)
  }

  /** Decides an approval. The first decision stands: the answer says which one that is. */
  decideApproval(workspaceId: string, ref: VisitRef, decision: ApprovalDecision): ApprovalReply | undefined {
    const live = this.#find(workspaceId)
    const { names, ...input } = decision
    const standing = live && toApprovalReply(live.state, ref, names)
    if (live === undefined || standing === undefined || standing === 'not_approver') return standing
    live.step({ ...input, node_id: ref.node_id, visit: ref.visit, type: 'approve' })
    const { status, output } = visitOf(live.state, ref)
    return { applied: standing.status === 'waiting', status, output: takeOut(output, [], []) }
  }

  /** A child execution that this visit started has ended; said at least once. */
  childFinished(workspaceId: string, ref: VisitRef, end: ChildEnd & Holes): boolean | undefined {
    const { node_id, visit } = ref
    return this.#tell(workspaceId, { node_id, visit, type: 'child_finished', end: restore(end) })
  }

  /** What the first `respond` node said, when it has in time; undefined also when the run ended without. */
  async waitResponse(workspaceId: string, timeoutMs: number): Promise<(RunResponse & Holes) | undefined> {
    const live = this.#find(workspaceId)
    if (live !== undefined) await within(timeoutMs, live.responded)
    const response = live?.state.response
    if (response === undefined) return undefined
    const holes: Hole[] = []
    return { ...response, body: takeOut(response.body, ['body'], holes), ...withHoles(holes) }
  }

  /** A websocket that follows the run. */
  override async fetch(request: Request): Promise<Response> {
    const order = readSocketOrder(request)
    const live = this.#find(order.workspaceId)
    if (live === undefined) return refuseSocket(CLOSE.notFound, 'not found')
    const { ticket } = order
    if (ticket !== undefined && !this.#storage.burnTicket(ticket.id, ticket.expiresAt, Date.now())) {
      return refuseSocket(CLOSE.credentials, 'ticket already used')
    }
    if (this.ctx.getWebSockets().length >= MAX_SOCKETS) return refuseSocket(CLOSE.policy, 'too many sockets')
    return this.#admission.admit({ kind: 'execution', id: live.header.executionId }, order, (socket) => {
      socket.send(JSON.stringify(this.#confirmation(live)))
      live.watchers.attach(socket, { after: order.after ?? 0, expiresAt: order.expiresAt })
      live.arm()
    })
  }

  endSockets(ids: readonly string[], code: number, reason: string): void {
    this.#admission.end(ids, code, reason)
  }

  openSockets(): string[] {
    return this.#admission.openIds()
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const live = this.#live
    if (live === undefined) return
    answerFrame(socket, message, {
      acknowledge() {
        live.watchers.acknowledge(socket)
        live.arm()
      },
      stats: () => this.#stats(live),
    })
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    answerClose(socket, code)
    if (this.#live !== undefined) this.#admission.gone(socket)
  }

  /** A client that broke off or the protocol: its socket is gone, and no error of ours. */
  override webSocketError(socket: WebSocket): void {
    if (this.#live !== undefined) this.#admission.gone(socket)
  }

  override async alarm(): Promise<void> {
    await ring(
      this.ctx.storage,
      () => this.#live?.ring(),
      () => ({ execution_id: this.#live?.header.executionId, workspace_id: this.#live?.header.workspaceId }),
    )
    await this.#retire()
  }

  /** Empties the actor when its time has come. Never throws: the alarm is set for another try. */
  async #retire(): Promise<void> {
    const live = this.#live
    if (live === undefined || !live.isSpent()) return
    const place = { ctx: this.ctx, env: this.env, log: this.#storage.log, admission: this.#admission }
    await retire(live, place, () => (this.#live = undefined))
    this.#storage = createRunStorage(this.ctx.storage.sql)
  }

  /** All or nothing: an actor with tables and no run could never be started again. */
  #create(order: RunOrder): LiveRun {
    this.ctx.storage.transactionSync(() => this.#storage.create(order))
    return new LiveRun(this.ctx, this.env, this.#storage, order, null)
  }

  /** Gives the run an input; false when it had already ended. */
  #tell(workspaceId: string, input: RunInput): boolean | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    const running = !isFinal(live.state.status)
    live.step(input)
    return running
  }

  #hub(): WorkspaceHubActor {
    if (this.#live === undefined) throw new Error('a run that was never started has no sockets')
    return workspaceHub(this.env, this.#live.header.workspaceId)
  }

  #find(workspaceId: string): LiveRun | undefined {
    return this.#live?.header.workspaceId === workspaceId ? this.#live : undefined
  }

  #confirmation(live: LiveRun) {
    const { executionId } = live.header
    return {
      event_type: 'subscription_confirmed',
      execution_id: executionId,
      node_id: null,
      timestamp: new Date().toISOString(),
      data: { status: live.state.status, last_seq: this.#storage.log.lastSeq() },
    }
  }

  #stats(live: LiveRun) {
    return {
      status: live.state.status,
      last_seq: this.#storage.log.lastSeq(),
      visits: live.state.visits.size,
      running: live.state.live.size,
      waiting: live.state.waiting.size,
      sockets: this.ctx.getWebSockets().length,
    }
  }
}
