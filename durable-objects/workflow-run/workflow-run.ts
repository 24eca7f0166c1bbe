import { DurableObject } from 'cloudflare:workers'
import { workspaceHub, type WorkspaceHubActor } from '#actors'
import {
  type Execution,
  type ExecutionFrame,
  type NodeVisit,
  toExecution,
  toFrame,
  toNodeVisits,
} from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import type { RunOrder } from '#core/workflow/order'
import { readSocketOrder } from '#core/socket'
import { createAdmission } from '#durable-objects/shared/admission'
import { answerClose, answerFrame, heartbeats } from '#durable-objects/shared/client-frames'
import { describeError, logLine } from '#lib/log'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { LiveRun } from './live-run.ts'
import { createRunStorage } from './storage.ts'

const MAX_SOCKETS = 1_000

/**
 * The actor of one execution: its entry points. Every call names the caller's workspace, and another one's run does
 * not exist for it. What the run does is `live-run.ts`; what that means is `src/core/workflow`.
 */
export class WorkflowRun extends DurableObject<Env> {
  readonly #storage = createRunStorage(this.ctx.storage.sql)
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
      this.#live.resume()
    })
  }

  /** Starts the run; a second call with the same id changes nothing. Durable when it returns. */
  start(order: RunOrder): Execution {
    const live = (this.#live ??= this.#create(order))
    live.step({ type: 'start', inputs: order.inputs })
    return toExecution(live.header, live.state)
  }

  describe(workspaceId: string): Execution | undefined {
    const live = this.#find(workspaceId)
    return live && toExecution(live.header, live.state)
  }

  /** The execution when it has ended within the time, else undefined. */
  async waitFinished(workspaceId: string, timeoutMs: number): Promise<Execution | undefined> {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    const waiting = new AbortController()
    // A timer that is left behind keeps the actor in memory until it rings.
    const timeout = scheduler.wait(timeoutMs, { signal: waiting.signal }).catch(() => undefined)
    await Promise.race([live.finished, timeout])
    waiting.abort()
    return isFinal(live.state.status) ? toExecution(live.header, live.state) : undefined
  }

  visits(workspaceId: string): NodeVisit[] | undefined {
    const live = this.#find(workspaceId)
    return live && toNodeVisits(live.plan, live.state)
  }

  /** Frames behind `after`, at most `limit`. */
  events(workspaceId: string, after: number, limit: number): ExecutionFrame[] | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    return this.#storage.log.read(after, limit).map(({ seq, event }) => toFrame(live.header.executionId, seq, event))
  }

  /** Cancels the run; false when it had already ended. */
  cancel(workspaceId: string, by: string): boolean | undefined {
    const live = this.#find(workspaceId)
    if (live === undefined) return undefined
    const running = !isFinal(live.state.status)
    live.step({ type: 'cancel', by })
    return running
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
    this.#admission.gone(socket)
  }

  /** A client that broke off or the protocol: its socket is gone, and no error of ours. */
  override webSocketError(socket: WebSocket): void {
    this.#admission.gone(socket)
  }

  override async alarm(): Promise<void> {
    // The platform drops an alarm whose handler has thrown six times (P5).
    try {
      this.#live?.ring()
    } catch (error) {
      logLine('error', { event: 'alarm_failed', error: describeError(error) })
      await this.ctx.storage.setAlarm(Date.now() + 10_000)
    }
  }

  /** All or nothing: an actor with tables and no run could never be started again. */
  #create(order: RunOrder): LiveRun {
    this.ctx.storage.transactionSync(() => this.#storage.create(order))
    return new LiveRun(this.ctx, this.env, this.#storage, order, null)
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
      sockets: this.ctx.getWebSockets().length,
    }
  }
}
