import { chatSession, type SocketActor, workflowRun } from '#actors'
import type { Connection, SocketResource, Verdict } from '#core/hub/connection'
import { connect } from '#db/connect'
import { type Admission } from '#durable-objects/shared/admission'
import { type AlarmClock, createAlarmClock } from '#durable-objects/shared/alarm-clock'
import { describeError, logLine } from '#lib/log'
import { verifyHolders } from '#services/hub/verify-holders'
import { type Bulletin, createBulletin } from './bulletin.ts'
import { createDoorkeeper, type Doorkeeper } from './doorkeeper.ts'
import type { HubStorage } from './storage.ts'

/** A hub in memory: the doorkeeper and the bulletin on one alarm. */
export class LiveHub {
  readonly doorkeeper: Doorkeeper
  readonly bulletin: Bulletin
  readonly #storage: HubStorage
  readonly #clock: AlarmClock

  constructor(
    ctx: DurableObjectState,
    env: Env,
    storage: HubStorage,
    options: { readonly workspaceId: string; readonly armedAt: number | null; readonly admission: Admission },
  ) {
    const { workspaceId, armedAt, admission } = options
    const own: SocketActor = {
      endSockets: async (ids, code, reason) => admission.end(ids, code, reason),
      openSockets: async () => admission.openIds(),
    }
    const actors: Readonly<Record<SocketResource, (id: string) => SocketActor>> = {
      execution: (id) => workflowRun(env, id),
      workspace: () => own,
      chat: (id) => chatSession(env, id),
      chat_reader: (id) => chatSession(env, id),
    }
    this.#storage = storage
    this.#clock = createAlarmClock(ctx.storage, armedAt)
    this.bulletin = createBulletin(ctx, env, storage, workspaceId)
    this.doorkeeper = createDoorkeeper(storage.connections, {
      verify: (holders) => verifyHolders(connect(env, { lane: workspaceId }), workspaceId, holders, Date.now()),
      actorOf: (resource, id) => actors[resource](id),
      now: () => Date.now(),
    })
    this.#forgetLost(admission.openIds())
  }

  async register(connection: Connection): Promise<Verdict> {
    const verdict = this.doorkeeper.register(connection)
    // It is written down by now: the alarm joins the same commit.
    this.arm()
    return verdict
  }

  async recheck(userId?: string): Promise<void> {
    await this.doorkeeper.recheck(userId)
    this.arm()
  }

  async ring(): Promise<void> {
    this.#clock.rang()
    this.bulletin.watchers.sweep(Date.now())
    await this.doorkeeper.ring()
    await this.#renewLease()
    this.arm()
  }

  /** Sets the alarm for the next thing that time will bring, and takes it away when there is none. */
  arm(): void {
    const wishes = [this.doorkeeper.nextRing(), this.bulletin.watchers.nextSweep()].filter((time) => time !== undefined)
    if (wishes.length === 0) this.#clock.clear()
    else this.#clock.wakeBy(Math.min(...wishes))
  }

  stats() {
    const { log, connections } = this.#storage
    const { total, users, execution, workspace, chat, chat_reader } = connections.counts()
    return {
      last_seq: log.lastSeq(),
      first_seq: log.firstSeq(),
      sockets: total,
      users,
      by_resource: { execution, workspace, chat: chat + chat_reader },
    }
  }

  /** Our own sockets that went with the process: those of other actors are found at the roll call. */
  #forgetLost(present: readonly string[]): void {
    const { connections } = this.#storage
    const known = new Set(present)
    connections.remove(connections.idsOf('workspace').filter((id) => !known.has(id)))
  }

  async #renewLease(): Promise<void> {
    if (this.bulletin.watchers.nextSweep() === undefined) return
    try {
      await this.bulletin.listen()
    } catch (error) {
      logLine('warn', { event: 'listen_failed', error: describeError(error) })
    }
  }
}
