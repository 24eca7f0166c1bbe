import { isMidAnswer } from '#core/chat/answer'
import { toChatFrame, toNotice } from '#core/chat/frame'
import { TURN_ERRORS } from '#core/chat/turn-errors'
import type {
  ChatEvent,
  ChatHeader,
  Decision,
  DecisionAnswer,
  SayAnswer,
  SayOrder,
  Turn,
  WorkflowAnswer,
} from '#core/chat/turn'
import { toNodeError } from '#core/workflow/node-error'
import { type AlarmClock, createAlarmClock } from '#durable-objects/shared/alarm-clock'
import { createOutbox, type Outbox } from '#durable-objects/shared/outbox'
import { createWatchers, type Watchers } from '#durable-objects/shared/watchers'
import type { Json, JsonObject } from '#lib/json'
import { describeError, logLine } from '#lib/log'
import { ChatBook } from './book.ts'
import { cancelAbandoned, deliverChat } from './deliver-chat.ts'
import { createFollowers, type Followers } from './followers.ts'
import { createNaming, type Naming } from './naming.ts'
import { Performer } from './performer.ts'
import type { ChatStorage } from './storage.ts'

/** How long after a crash the chat goes on by itself at the latest. */
const GUARD_MS = 5_000
/** A turn whose every attempt ends in a crash asks, and pays, no more often. */
const MAX_RECOVERIES = 5

/**
 * A chat in memory: keeps what happens before it shows it. Its turns are performed by `performer.ts`.
 *
 * C1  Nothing is shown before it is written; of what is written nothing is lost or said twice (P9).
 * C2  While a turn is performed or something is owed to others, an alarm is set; a turn that waits for a person, or for
 *     an execution, has none, and costs nothing.
 * C3  A turn ends once: who stops it takes it away from who performs it, in one commit.
 * C4  An execution that answers tells its end until it is heard; one that nobody waits for any more is cancelled.
 * C5  After a crash an answer that had begun is kept as `interrupted`; a turn between two answers goes on (A1, A2).
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
  readonly #performer: Performer
  readonly #naming: Naming
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
      await this.cancelAbandoned()
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
    this.#performer = new Performer({
      env,
      header,
      storage,
      book: this.book,
      waitUntil: (work) => ctx.waitUntil(work),
      arm: () => this.arm(),
      oweTitle: (turn) => this.#naming.owe(turn),
      showProgress: (turn, callId, progress) => this.#showProgress(turn, callId, progress),
    })
  }

  /** Goes on with what the last life of the actor left. */
  recover(): void {
    const { turn } = this.book
    if (turn?.state === 'running') this.#recoverTurn(turn)
    this.#deliver()
    this.#performer.go()
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
    this.#performer.go()
    return answer
  }

  regenerate(messageId: string, userId: string): SayAnswer {
    const about = this.book.about(messageId)
    if (about !== undefined) this.#stopBehind(about.asked.id)
    const answer = this.book.regenerate(messageId, userId)
    this.#performer.go()
    return answer
  }

  /** Stops the turn that is under way if it answers to this message or to one behind it. */
  #stopBehind(messageId: string): void {
    const { turn } = this.book
    const since = this.#storage.messages.since(messageId) ?? []
    if (turn !== undefined && since.some(({ id }) => id === turn.userMessageId)) this.stop()
  }

  /** False when nothing is under way. The call of the model, or the execution, ends with it. */
  stop(): boolean {
    const turn = this.#performer.take()
    if (turn === undefined) return false
    this.book.end(turn, { status: 'stopped' })
    this.#performer.go()
    return true
  }

  /** What the execution says that answers a turn. Whoever comes late, or again, is not heard. */
  answered(turnId: string, answer: WorkflowAnswer): void {
    const { turn } = this.book
    if (turn?.id !== turnId || turn.workflow === undefined) return
    // Its start may not have returned yet.
    this.#performer.take()
    this.book.answered(turn, answer)
    this.#performer.go()
  }

  decide(decision: Decision): DecisionAnswer {
    const answer = this.book.decide(decision)
    this.#performer.go()
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
    this.#performer.go()
    this.arm()
  }

  /** Sets the alarm for the next thing that time will bring, and takes it away when there is none. */
  arm(): void {
    if (this.isClosed) return
    const isDue = !this.#outbox.isEmpty() && this.#outbox.retryAt() === undefined
    const wishes = [
      this.#performer.isBusy() || isDue ? Date.now() + GUARD_MS : undefined,
      this.#performer.retryAt(),
      this.#outbox.retryAt(),
      this.#naming.wakeAt(),
      this.watchers.nextSweep(),
    ].filter((time) => time !== undefined)
    if (wishes.length === 0) this.#clock.clear()
    else this.#clock.wakeBy(Math.min(...wishes))
  }

  /** Executions that nobody waits for any more. */
  cancelAbandoned(): Promise<void> {
    return cancelAbandoned(this.#env, this.header, this.#storage, () => this.#performer.startsSettled())
  }

  /** Ends what is under way; of the chat nothing more is written. */
  close(): void {
    this.isClosed = true
    this.#performer.close()
    this.book.abandon()
    this.followers.end()
    this.#naming.close()
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
