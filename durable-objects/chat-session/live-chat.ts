import type { AgentEvent } from '#core/agent/event'
import { isMidAnswer } from '#core/chat/answer'
import { toChatFrame, toNotice } from '#core/chat/frame'
import { TURN_ERRORS } from '#core/chat/turn-errors'
import type { ChatEvent, ChatHeader, Decision, DecisionAnswer, SayAnswer, SayOrder, Turn } from '#core/chat/turn'
import { toNodeError } from '#core/workflow/node-error'
import { DatabaseUnavailable } from '#db/errors'
import { type AlarmClock, createAlarmClock } from '#durable-objects/shared/alarm-clock'
import { createOutbox, type Outbox } from '#durable-objects/shared/outbox'
import { createWatchers, type Watchers } from '#durable-objects/shared/watchers'
import type { Json, JsonObject } from '#lib/json'
import { describeError, logLine } from '#lib/log'
import { type Absence, createAbsence } from './absence.ts'
import { ChatBook } from './book.ts'
import { deliverChat } from './deliver-chat.ts'
import { explainTurn, TurnStopped } from './explain-turn.ts'
import { createFollowers, type Followers } from './followers.ts'
import { createGatherer } from './gather-text.ts'
import { createNaming, type Naming } from './naming.ts'
import { findTurnAgent, runTurn } from './run-turn.ts'
import type { ChatStorage } from './storage.ts'

/** How long after a crash the chat goes on by itself at the latest. */
const GUARD_MS = 5_000
/** A turn whose every attempt ends in a crash asks, and pays, no more often. */
const MAX_RECOVERIES = 5

/** A turn that is being performed; whoever is not the current one has no say any more. */
interface Performing {
  turn: Turn
  readonly controller: AbortController
  /** Keeps what has come and was not kept yet. */
  flush: () => void
}

/**
 * A chat in memory: performs its turns one at a time, keeps what happens before it shows it.
 *
 * C1  Nothing is shown before it is written; of what is written nothing is lost or said twice (P9).
 * C2  While a turn is performed or something is owed to PostgreSQL, an alarm is set; a turn that waits for a person has
 *     none, and costs nothing.
 * C3  A turn ends once: who stops it takes it away from who performs it, in one commit.
 * C4  After a crash an answer that had begun is kept as `interrupted`; a turn between two answers goes on (A1, A2).
 */
export class LiveChat {
  readonly header: ChatHeader
  readonly book: ChatBook
  readonly watchers: Watchers
  readonly followers: Followers = createFollowers()
  readonly #ctx: DurableObjectState
  readonly #env: Env
  readonly #storage: ChatStorage
  readonly #clock: AlarmClock
  readonly #outbox: Outbox
  readonly #absence: Absence = createAbsence()
  readonly #naming: Naming
  #performing: Performing | undefined
  isClosed = false

  constructor(
    ctx: DurableObjectState,
    env: Env,
    storage: ChatStorage,
    { header, armedAt, onGone }: { header: ChatHeader; armedAt: number | null; onGone: () => Promise<void> },
  ) {
    this.header = header
    this.#ctx = ctx
    this.#env = env
    this.#storage = storage
    this.#clock = createAlarmClock(ctx.storage, armedAt)
    const deliver = async (): Promise<void> => {
      const { isThere, title } = await deliverChat(env, header, storage)
      if (!isThere) await onGone()
      else if (title !== undefined) this.tell({ title })
    }
    this.#outbox = createOutbox(ctx.storage.sql, 'chat', deliver, (error) => this.#settle(error), Date.now)
    this.watchers = createWatchers(
      () => ctx.getWebSockets(),
      storage.log,
      (seq, event) => toChatFrame(header.chatId, seq, event),
      Date.now,
    )
    const commit = (events: readonly ChatEvent[], write: () => void): void => this.#commit(events, write)
    this.book = new ChatBook(header, storage, commit)
    this.#naming = createNaming({ env, header, storage, ctx, commit, onSettled: () => this.arm() })
  }

  /** Goes on with what the last life of the actor left. */
  recover(): void {
    const { turn } = this.book
    if (turn?.state === 'running') this.#recoverTurn(turn)
    this.#deliver()
    this.#go()
    this.arm()
  }

  #recoverTurn(turn: Turn): void {
    const limit = MAX_RECOVERIES
    const isMid = isMidAnswer(this.book.progress)
    if (!isMid && turn.recoveries < limit) return this.#storage.setTurn({ ...turn, recoveries: turn.recoveries + 1 })
    const error = isMid
      ? toNodeError('turn_interrupted', TURN_ERRORS.turn_interrupted)
      : toNodeError('turn_gave_up', TURN_ERRORS.turn_gave_up, { limit })
    this.book.end(turn, { status: 'interrupted', error })
  }

  say(order: SayOrder): SayAnswer {
    if (order.interrupt && this.#storage.messages.find(order.id) === undefined) this.stop()
    if (order.instead !== undefined) this.#stopBehind(order.instead)
    const answer = this.book.say(order)
    this.#go()
    return answer
  }

  regenerate(messageId: string, userId: string): SayAnswer {
    const about = this.book.about(messageId)
    if (about !== undefined) this.#stopBehind(about.asked.id)
    const answer = this.book.regenerate(messageId, userId)
    this.#go()
    return answer
  }

  /** Stops the turn that is under way if it answers to this message or to one behind it. */
  #stopBehind(messageId: string): void {
    const { turn } = this.book
    const since = this.#storage.messages.since(messageId) ?? []
    if (turn !== undefined && since.some(({ id }) => id === turn.userMessageId)) this.stop()
  }

  /** False when nothing is under way. The call of the model ends with it. */
  stop(): boolean {
    const performing = this.#performing
    performing?.flush()
    const turn = performing?.turn ?? this.book.turn
    if (turn === undefined) return false
    this.#performing = undefined
    performing?.controller.abort(new TurnStopped())
    this.book.end(turn, { status: 'stopped' })
    this.#go()
    return true
  }

  decide(decision: Decision): DecisionAnswer {
    const answer = this.book.decide(decision)
    this.#go()
    return answer
  }

  tell(data: JsonObject): void {
    this.#commit([{ type: 'changed', at: Date.now(), data }], () => undefined)
  }

  /** To every open socket but one; not kept. */
  whisper(type: 'typing' | 'message_delta', data: unknown, but?: WebSocket): void {
    const text = JSON.stringify(toNotice(this.header.chatId, type, Date.now(), data))
    for (const socket of this.#ctx.getWebSockets()) {
      const isLetIn = socket.readyState === WebSocket.OPEN && socket.deserializeAttachment() !== null
      if (isLetIn && socket !== but) socket.send(text)
    }
  }

  /** The alarm: whatever time has brought. */
  ring(): void {
    this.#clock.rang()
    this.watchers.sweep(Date.now())
    this.#deliver()
    this.#go()
    this.arm()
  }

  /** Sets the alarm for the next thing that time will bring, and takes it away when there is none. */
  arm(): void {
    if (this.isClosed) return
    const isDue = !this.#outbox.isEmpty() && this.#outbox.retryAt() === undefined
    const wishes = [
      this.#performing !== undefined || isDue ? Date.now() + GUARD_MS : undefined,
      this.#absence.retryAt(),
      this.#outbox.retryAt(),
      this.#naming.wakeAt(),
      this.watchers.nextSweep(),
    ].filter((time) => time !== undefined)
    if (wishes.length === 0) this.#clock.clear()
    else this.#clock.wakeBy(Math.min(...wishes))
  }

  /** Ends what is under way; nothing more is written. */
  close(): void {
    this.isClosed = true
    this.#performing?.controller.abort(new TurnStopped())
    this.#performing = undefined
    this.followers.end()
    this.#naming.close()
  }

  #go(): void {
    if (this.isClosed) return
    const { turn } = this.book
    if (this.#performing !== undefined || turn === undefined || turn.state === 'waiting') return
    if (Date.now() < (this.#absence.retryAt() ?? 0)) return
    this.#absence.retried()
    const performing: Performing = { turn, controller: new AbortController(), flush: () => undefined }
    this.#performing = performing
    // Before the model is asked: after a crash it is what wakes us.
    this.arm()
    this.#ctx.waitUntil(this.#perform(performing))
  }

  async #perform(performing: Performing): Promise<void> {
    try {
      await this.#attempt(performing)
    } catch (error) {
      if (this.#performing === performing) this.#fail(performing, error)
    }
    if (this.#performing === performing) this.#performing = undefined
    this.#go()
    this.arm()
  }

  #fail({ turn, flush }: Performing, error: unknown): void {
    if (error instanceof DatabaseUnavailable && !isMidAnswer(this.book.progress)) {
      // Nothing is lost: it begins, or goes on between two answers, when PostgreSQL is back (P10).
      return this.#absence.noted(Date.now())
    }
    try {
      flush()
    } catch (late) {
      logLine('warn', { event: 'chat_flush_failed', error: describeError(late) })
    }
    this.book.end(turn, { status: 'failed', error: explainTurn(error) })
  }

  async #attempt(performing: Performing): Promise<void> {
    if (performing.turn.state === 'queued') {
      const found = await findTurnAgent(this.#env, this.header, this.#storage, performing.turn.userId)
      if (this.#performing !== performing) return
      performing.turn = this.book.begin(performing.turn, found)
    }
    const { turn, controller } = performing
    const take = (events: readonly AgentEvent[]): void => {
      if (this.#performing !== performing) throw new TurnStopped()
      this.book.keep(turn, events)
    }
    const gatherer = createGatherer(take, (error) => controller.abort(error))
    performing.flush = () => gatherer.flush()
    const end = await runTurn(this.#env, this.header, turn, {
      storage: this.#storage,
      memory: {
        summary: () => this.#storage.summary(),
        keep: (summary, made) => this.book.keepSummary(turn, summary, made),
      },
      begun: this.book.progress,
      signal: controller.signal,
      take: (event) => gatherer.add(event),
      spend: (agentId, paid) => this.book.keepSpent(turn, agentId, paid),
      progress: (call_id, progress) => this.#showProgress(turn, call_id, progress),
    })
    gatherer.flush()
    this.#absence.over()
    if (this.#performing !== performing) return
    if (end.status === 'waiting') this.book.wait(turn)
    else this.book.end(turn, { status: 'complete', endReason: end.reason }, () => this.#naming.owe(turn))
  }

  #showProgress({ messageId: message_id }: Turn, call_id: string, progress: Json): void {
    this.whisper('message_delta', { message_id, delta: { type: 'tool_progress', call_id, progress } })
  }

  #commit(events: readonly ChatEvent[], write: () => void): void {
    const isNews = events.some(({ type }) => type !== 'delta')
    try {
      this.#ctx.storage.transactionSync(() => {
        write()
        this.#storage.log.append(events)
        if (isNews) this.#outbox.add()
      })
    } catch (error) {
      // Memory may be ahead of storage.
      this.#ctx.abort(`a commit of the chat failed: ${String(error)}`)
      throw error
    }
    this.watchers.pump()
    this.followers.wake()
    if (!isNews) return
    this.arm()
    this.#deliver()
  }

  #deliver(): void {
    if (!this.#outbox.isEmpty()) this.#ctx.waitUntil(this.#outbox.flush())
    this.#naming.go()
  }

  #settle(error: unknown): void {
    if (error !== undefined && !this.isClosed) {
      const { chatId: chat_id } = this.header
      logLine('warn', { event: 'delivery_failed', kind: 'chat', chat_id, error: describeError(error) })
    }
    this.arm()
  }
}
