import type { AgentEvent } from '#core/agent/event'
import { foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import { type AnswerState, MAX_ANSWER_CHARS, replayTurn, toAnswer, toSaid, waitingCall } from '#core/chat/answer'
import { toUsage } from '#core/chat/ledger'
import type { ChatMessage, ToolPart } from '#core/chat/message'
import type {
  Answering,
  ChatEvent,
  ChatHeader,
  Decision,
  DecisionAnswer,
  SayAnswer,
  SayOrder,
  Turn,
  WorkflowAnswer,
} from '#core/chat/turn'
import { newId } from '#lib/ids'
import { type Costs, createCosts } from './costs.ts'
import type { ChatStorage } from './storage.ts'

const MAX_QUEUED = 20

/** An answer that grows beyond what a message may hold. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
  readonly limit = MAX_ANSWER_CHARS
}

/**
 * What is written down of a chat: each method is one commit, of what happened and of what follows from it.
 *
 * @param commit writes the events, and whatever else the callback does, in one transaction, and then shows them
 */
export class ChatBook {
  readonly costs: Costs
  readonly #header: ChatHeader
  readonly #storage: ChatStorage
  readonly #commit: (events: readonly ChatEvent[], write: () => void) => void
  #progress: TurnProgress = NOTHING_YET
  #chars = 0

  constructor(
    header: ChatHeader,
    storage: ChatStorage,
    commit: (events: readonly ChatEvent[], write: () => void) => void,
  ) {
    this.#header = header
    this.#storage = storage
    this.#commit = commit
    this.costs = createCosts(header, storage, commit)
    const turn = storage.firstTurn()
    if (turn?.beganAfter !== undefined) this.#progress = replayTurn(turn, storage.log.since(turn.beganAfter))
  }

  /** What the turn that is under way has come to. */
  get progress(): TurnProgress {
    return this.#progress
  }

  /** The turn that is under way, or the next. */
  get turn(): Turn | undefined {
    return this.#storage.firstTurn()
  }

  say(order: SayOrder): SayAnswer {
    const { messages } = this.#storage
    const known = messages.find(order.id)
    if (known !== undefined) return { status: 'said', message: known, after: this.#behind(known.turn_id) }
    const replaced = order.instead === undefined ? [] : messages.since(order.instead)
    if (replaced === undefined) return { status: 'unknown' }
    const turn = newTurn(order.id, order.userId)
    const isQueued = this.#isBusyBut(replaced)
    return this.#ask(turn, toSaid(this.#header.chatId, turn.id, order, isQueued, Date.now()), replaced)
  }

  /** Behind what the events of a turn are found; undefined where its end is no longer among them. */
  #behind(turnId: string): number | undefined {
    const { log } = this.#storage
    const after = Math.max(log.firstSeq() - 1, 0)
    if (this.answerOf(turnId) === undefined) return after
    for (const event of log.since(after)) {
      if (event.type === 'message' && event.message.role === 'assistant' && event.message.turn_id === turnId) {
        return after
      }
    }
    return undefined
  }

  /** The message that a message says or answers, with all that stands behind it. */
  about(messageId: string): { readonly asked: ChatMessage; readonly behind: readonly ChatMessage[] } | undefined {
    const { messages } = this.#storage
    const found = messages.find(messageId)
    const asked = found?.role === 'assistant' ? messages.askedIn(found.turn_id) : found
    const [first, ...behind] = (asked && messages.since(asked.id)) ?? []
    return first && { asked: first, behind }
  }

  regenerate(messageId: string, userId: string): SayAnswer {
    const about = this.about(messageId)
    if (about === undefined) return { status: 'unknown' }
    const { asked, behind } = about
    const turn = newTurn(asked.id, userId)
    const status = this.#isBusyBut([asked, ...behind]) ? 'queued' : 'complete'
    const message: ChatMessage = { ...asked, status, turn_id: turn.id, updated_at: new Date().toISOString() }
    return this.#ask(turn, message, behind)
  }

  /** Whether some turn stays, and goes first, when these messages are superseded. */
  #isBusyBut(replaced: readonly ChatMessage[]): boolean {
    const ids = new Set(replaced.map(({ id }) => id))
    return this.#storage.turns().some(({ userMessageId }) => !ids.has(userMessageId))
  }

  #ask(turn: Turn, message: ChatMessage, replaced: readonly ChatMessage[]): SayAnswer {
    const turns = this.#storage.turns()
    if (turns.length >= MAX_QUEUED) return { status: 'full' }
    const ids = replaced.map(({ id }) => id)
    const at = Date.now()
    const after = this.#storage.log.lastSeq()
    const events: ChatEvent[] = [{ type: 'message', at, message }]
    if (ids.length > 0) events.unshift({ type: 'superseded', at, message_ids: ids })
    this.#commit(events, () => {
      for (const { id, userMessageId } of turns) {
        if (ids.includes(userMessageId) || userMessageId === message.id) this.#storage.removeTurn(id)
      }
      this.#storage.messages.supersede(ids)
      this.#storage.messages.put(message)
      this.#storage.addTurn(turn)
    })
    return { status: 'said', message, after }
  }

  /** The first decision of a call stands. */
  decide({ callId, by, approved, comment, answer }: Decision): DecisionAnswer {
    const { turn } = this
    const call = turn?.state === 'waiting' ? waitingCall(this.#progress, callId) : undefined
    if (turn === undefined || call === undefined) {
      return this.#progress.parts.some((part) => part.type === 'tool' && part.call_id === callId)
        ? 'decided'
        : 'unknown'
    }
    const event = ((): AgentEvent => {
      if (!approved) return { type: 'tool_denied', call_id: callId, by, comment }
      if (call.asks === 'approval') return { type: 'tool_approved', call_id: callId, by }
      return { type: 'tool_completed', call_id: callId, output: answer ?? comment }
    })()
    const isOpen = foldEvent(this.#progress, event).parts.some(isWaiting)
    this.keep(turn, [event], isOpen ? turn : { ...turn, state: 'running' })
    return 'applied'
  }

  begin(queued: Turn, found: Answering): Turn {
    const { log, messages } = this.#storage
    const turn: Turn = { ...queued, state: 'running', ...found, beganAfter: log.lastSeq() }
    this.#progress = NOTHING_YET
    this.#chars = 0
    const { id: turn_id, messageId: message_id, userMessageId: reply_to } = turn
    const at = Date.now()
    const execution_id = turn.workflow?.executionId
    this.#commit([{ type: 'turn_started', at, turn_id, reply_to, message_id, execution_id }], () => {
      const said = messages.find(reply_to)
      if (said?.status === 'queued') messages.put({ ...said, status: 'complete', updated_at: toIso(at) })
      messages.put(toAnswer(this.#header.chatId, turn, NOTHING_YET, { status: 'streaming' }, at))
      this.#storage.setTurn(turn)
    })
    return turn
  }

  /** @throws AnswerTooLarge */
  keep(turn: Turn, events: readonly AgentEvent[], next?: Turn): void {
    this.#chars += JSON.stringify(events).length
    if (this.#chars > MAX_ANSWER_CHARS) throw new AnswerTooLarge()
    const at = Date.now()
    const { steps } = this.#progress
    this.#commit(toDeltas(turn, events), () => {
      for (const event of events) {
        const usage = toUsage(this.#header, turn, event, steps, at)
        if (usage !== undefined) this.#storage.spent.add(usage)
      }
      if (next !== undefined) this.#storage.setTurn(next)
    })
    this.#progress = events.reduce(foldEvent, this.#progress)
  }

  /** The turn waits for a person. */
  wait(turn: Turn): void {
    const message = this.#answer(turn, { status: 'waiting' })
    this.#commit([{ type: 'message', at: Date.now(), message }], () => {
      this.#storage.messages.put(message)
      this.#storage.setTurn({ ...turn, state: 'waiting' })
    })
  }

  /** Somebody else goes on with the turn, and tells. */
  handOver(turn: Turn): void {
    this.#commit([], () => this.#storage.setTurn({ ...turn, state: 'elsewhere' }))
  }

  /** Nobody waits any more for the execution that answers, where one does. */
  abandon(turn = this.turn): void {
    if (turn?.workflow !== undefined) this.#storage.abandoned.add(turn.workflow.executionId)
  }

  /**
   * The turn is over, as we say.
   *
   * @param owe writes, in the same commit, what is owed because of it
   */
  end(turn: Turn, state: AnswerState, owe?: () => void): void {
    this.#finish(turn, state, [], () => {
      this.abandon(turn)
      owe?.()
    })
  }

  /** The turn is over, as the execution says that answers: in one commit with its words. */
  answered(turn: Turn, answer: WorkflowAnswer): void {
    const text = answer.status === 'complete' ? answer.text : ''
    const events: AgentEvent[] = text === '' ? [] : [{ type: 'text', text }]
    const endReason = answer.status === 'complete' ? 'stop' : undefined
    const error = answer.status === 'failed' ? answer.error : undefined
    this.#finish(turn, { status: answer.status, endReason, error }, events)
  }

  /** What the answer had come to is in its message, and its pieces are no longer needed. */
  #finish(turn: Turn, state: AnswerState, events: readonly AgentEvent[], write?: () => void): void {
    this.#progress = events.reduce(foldEvent, this.#progress)
    const message = this.#answer(turn, state)
    const said = this.#storage.messages.find(turn.userMessageId)
    this.#commit([...toDeltas(turn, events), { type: 'message', at: Date.now(), message }], () => {
      if (said?.status === 'queued') this.#storage.messages.put({ ...said, status: 'complete' })
      this.#storage.messages.put(message)
      this.#storage.removeTurn(turn.id)
      this.#storage.trimLog()
      write?.()
    })
    this.#progress = NOTHING_YET
  }

  #answer(turn: Turn, state: AnswerState): ChatMessage {
    const progress = turn.state === 'queued' ? NOTHING_YET : this.#progress
    const former = this.#storage.messages.find(turn.messageId)
    return toAnswer(this.#header.chatId, turn, progress, state, Date.now(), former)
  }

  /** A message as it stands now, also while it is written. */
  current(message: ChatMessage): ChatMessage {
    const { turn } = this
    if (turn?.messageId !== message.id || turn.state === 'queued') return message
    return this.#answer(turn, { status: turn.state === 'waiting' ? 'waiting' : 'streaming' })
  }

  /** The id of a turn's answer, also of one that is over. */
  answering(turnId: string): { readonly messageId: string | undefined } {
    const turn = this.#storage.turns().find(({ id }) => id === turnId)
    return { messageId: turn?.messageId ?? this.#storage.messages.answerOf(turnId)?.id }
  }

  /** The answer of a turn that is over or waits, else undefined. */
  answerOf(turnId: string): ChatMessage | undefined {
    const turn = this.#storage.turns().find(({ id }) => id === turnId)
    if (turn !== undefined && turn.state !== 'waiting') return undefined
    const answer = this.#storage.messages.answerOf(turnId)
    return answer && this.current(answer)
  }
}

function newTurn(userMessageId: string, userId: string): Turn {
  return { id: newId(), state: 'queued', userMessageId, messageId: newId(), userId, recoveries: 0 }
}

function toDeltas({ messageId: message_id }: Turn, events: readonly AgentEvent[]): ChatEvent[] {
  const at = Date.now()
  return events.map((event) => ({ type: 'delta', at, message_id, event }))
}

function isWaiting(part: { readonly type: string; readonly state?: ToolPart['state'] }): boolean {
  return part.type === 'tool' && part.state === 'waiting'
}

function toIso(time: number): string {
  return new Date(time).toISOString()
}
