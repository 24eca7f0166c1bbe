import { DurableObject } from 'cloudflare:workers'
import type { WorkspaceHubActor } from '#actors'
import type { Connection, Verdict } from '#core/hub/connection'
import type { ExecutionNews } from '#core/hub/news'
import { readSocketOrder } from '#core/socket'
import { createAdmission } from '#durable-objects/shared/admission'
import { answerClose, answerFrame, heartbeats } from '#durable-objects/shared/client-frames'
import { ring } from '#durable-objects/shared/ring'
import { describeError, logLine } from '#lib/log'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { LiveHub } from './live-hub.ts'
import { createHubStorage } from './storage.ts'

/**
 * The actor of one workspace: who is connected, and the workspace's socket. Its entry points; the work is done by
 * `doorkeeper.ts` and `bulletin.ts`. A hub that nobody ever connected to stores nothing, whoever asks.
 */
export class WorkspaceHub extends DurableObject<Env> implements WorkspaceHubActor {
  readonly #storage = createHubStorage(this.ctx.storage.sql)
  readonly #admission = createAdmission(this.ctx, () => this)
  #live: LiveHub | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(heartbeats())
    void ctx.blockConcurrencyWhile(async () => {
      this.#admission.dropUnadmitted()
      const workspaceId = this.#storage.load()
      if (workspaceId !== undefined) this.#live = this.#wake(workspaceId, await ctx.storage.getAlarm())
    })
  }

  async register(workspaceId: string, connection: Connection): Promise<Verdict> {
    return this.#open(workspaceId).register(connection)
  }

  async burnTicket(workspaceId: string, { id, expiresAt }: { id: string; expiresAt: number }): Promise<boolean> {
    this.#open(workspaceId)
    return this.#storage.burnTicket(id, expiresAt, Date.now())
  }

  async release(id: string): Promise<void> {
    this.#live?.doorkeeper.release(id)
  }

  async recheck(userId?: string): Promise<void> {
    await this.#live?.recheck(userId)
  }

  async tell(news: ExecutionNews): Promise<void> {
    this.#live?.bulletin.tell(news)
    this.#live?.arm()
  }

  /** A websocket that follows the workspace. */
  override async fetch(request: Request): Promise<Response> {
    const order = readSocketOrder(request)
    const { workspaceId, ticket, after, expiresAt } = order
    const live = this.#open(workspaceId)
    if (ticket !== undefined && !this.#storage.burnTicket(ticket.id, ticket.expiresAt, Date.now())) {
      return refuseSocket(CLOSE.credentials, 'ticket already used')
    }
    try {
      await live.bulletin.listen()
    } catch (error) {
      logLine('warn', { event: 'listen_failed', error: describeError(error) })
      return refuseSocket(CLOSE.tryAgain, 'try again')
    }
    return this.#admission.admit({ kind: 'workspace', id: workspaceId }, order, (socket) => {
      live.bulletin.attach(socket, { after, expiresAt })
      live.arm()
    })
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const live = this.#live
    if (live === undefined) return
    answerFrame(socket, message, {
      acknowledge() {
        live.bulletin.watchers.acknowledge(socket)
        live.arm()
      },
      stats: () => live.stats(),
    })
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    answerClose(socket, code)
    this.#admission.gone(socket)
  }

  override webSocketError(socket: WebSocket): void {
    this.#admission.gone(socket)
  }

  override async alarm(): Promise<void> {
    await ring(this.ctx.storage, () => this.#live?.ring())
  }

  /** All or nothing: a hub with tables that does not know its workspace would stay so. */
  #open(workspaceId: string): LiveHub {
    if (this.#live !== undefined) return this.#live
    this.ctx.storage.transactionSync(() => this.#storage.create(workspaceId))
    return (this.#live = this.#wake(workspaceId, null))
  }

  #wake(workspaceId: string, armedAt: number | null): LiveHub {
    return new LiveHub(this.ctx, this.env, this.#storage, { workspaceId, armedAt, admission: this.#admission })
  }
}
