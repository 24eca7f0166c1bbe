import type { AgentEvent } from '#core/agent/event'
import { isMidAnswer } from '#core/chat/answer'
import type { ChatHeader, Turn } from '#core/chat/turn'
import { DatabaseUnavailable } from '#db/errors'
import type { Json } from '#lib/json'
import { describeError, logLine } from '#lib/log'
import { type Absence, createAbsence } from './absence.ts'
import { answererOf, findAnswering } from './answerer.ts'
import type { ChatBook } from './book.ts'
import { deliverSpent } from './deliver-chat.ts'
import { explainTurn, TurnStopped } from './explain-turn.ts'
import { createGatherer } from './gather-text.ts'
import type { ChatStorage } from './storage.ts'

/** A turn that is being performed; whoever is not the current one has no say any more. */
interface Performing {
  turn: Turn
  readonly controller: AbortController
  /** Keeps what has come and was not kept yet. */
  flush: () => void
}

/** The chat as its performer reaches it. */
export interface PerformingChat {
  readonly env: Env
  readonly header: ChatHeader
  readonly storage: ChatStorage
  readonly book: ChatBook
  waitUntil(work: Promise<unknown>): void
  /** Sets the alarm: after a crash it is what wakes the chat. */
  arm(): void
  /** Within the commit of an answer: the chat may be given a title by it. */
  oweTitle(turn: Turn): void
  /** Tells whoever looks on; not kept. */
  showProgress(turn: Turn, callId: string, progress: Json): void
}

/** Performs the turns of a chat, one at a time. */
export class Performer {
  readonly #chat: PerformingChat
  readonly #absence: Absence = createAbsence()
  readonly #starting = new Set<Promise<void>>()
  #performing: Performing | undefined
  #isClosed = false

  constructor(chat: PerformingChat) {
    this.#chat = chat
  }

  isBusy(): boolean {
    return this.#performing !== undefined
  }

  /** When PostgreSQL, which a turn needs and which is away, is asked again; Unix milliseconds. */
  retryAt(): number | undefined {
    return this.#absence.retryAt()
  }

  /** Resolves when nothing is being begun elsewhere: taking it back before would come too early. */
  startsSettled(): Promise<unknown> {
    return Promise.allSettled(this.#starting)
  }

  /** Performs the turn that is next, unless it waits or PostgreSQL is away. */
  go(): void {
    if (this.#isClosed) return
    const { turn } = this.#chat.book
    if (this.#performing !== undefined || turn === undefined) return
    if (turn.state === 'waiting' || turn.state === 'elsewhere') return
    if (Date.now() < (this.#absence.retryAt() ?? 0)) return
    this.#absence.retried()
    const performing: Performing = { turn, controller: new AbortController(), flush: () => undefined }
    this.#performing = performing
    // Before anybody is asked.
    this.#chat.arm()
    this.#chat.waitUntil(this.#perform(performing))
  }

  /** Takes the turn that is under way away from whoever performs it; what had come is kept. */
  take(): Turn | undefined {
    const performing = this.#performing
    performing?.flush()
    const turn = performing?.turn ?? this.#chat.book.turn
    this.#drop()
    return turn
  }

  /** Nothing more is performed, and nothing kept. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  #drop(): void {
    this.#performing?.controller.abort(new TurnStopped())
    this.#performing = undefined
  }

  async #perform(performing: Performing): Promise<void> {
    try {
      await this.#attempt(performing)
    } catch (error) {
      if (this.#performing === performing) this.#fail(performing, error)
    }
    if (this.#performing === performing) this.#performing = undefined
    this.go()
    this.#chat.arm()
  }

  #fail({ turn, flush }: Performing, error: unknown): void {
    const { book } = this.#chat
    if (error instanceof DatabaseUnavailable && !isMidAnswer(book.progress)) {
      // Nothing is lost: it begins, or goes on between two answers, when PostgreSQL is back (P10).
      return this.#absence.noted(Date.now())
    }
    try {
      flush()
    } catch (late) {
      logLine('warn', { event: 'chat_flush_failed', error: describeError(late) })
    }
    book.end(turn, { status: 'failed', error: explainTurn(error) })
  }

  async #attempt(performing: Performing): Promise<void> {
    const { env, header, storage, book } = this.#chat
    if (performing.turn.state === 'queued') {
      const found = await findAnswering(env, header, storage, performing.turn)
      if (this.#performing !== performing) return
      performing.turn = book.begin(performing.turn, found)
    }
    const { turn, controller } = performing
    const take = (events: readonly AgentEvent[]): void => {
      if (this.#performing !== performing) throw new TurnStopped()
      book.keep(turn, events)
    }
    const gatherer = createGatherer(take, (error) => controller.abort(error))
    performing.flush = () => gatherer.flush()
    const outcome = await answererOf(turn)(env, header, turn, {
      messages: storage.messages,
      memory: {
        summary: () => storage.summary(),
        keep: (summary, made) => book.costs.keepSummary(turn, summary, made),
      },
      begun: book.progress,
      signal: controller.signal,
      take: (event) => gatherer.add(event),
      settle: () => deliverSpent(env, header, storage),
      spend: (agentId, paid) => book.costs.keepSpent(turn, agentId, paid),
      progress: (callId, progress) => this.#chat.showProgress(turn, callId, progress),
      starting: (work) => this.#note(work),
    })
    gatherer.flush()
    this.#absence.over()
    if (this.#performing !== performing) return
    if (outcome.status === 'completed') {
      book.end(turn, { status: 'complete', endReason: outcome.reason }, () => this.#chat.oweTitle(turn))
    } else if (outcome.status === 'waiting') book.wait(turn)
    else book.handOver(turn)
  }

  #note(work: Promise<void>): void {
    const noted = work.catch(() => undefined).finally(() => this.#starting.delete(noted))
    this.#starting.add(noted)
  }
}
