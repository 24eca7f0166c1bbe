import { DurableObject } from 'cloudflare:workers'
import { type TurnPlace, workspaceHub, type WorkspaceHubActor } from '#actors'
import { type History, toHistory, toNotice } from '#core/chat/frame'
import type { ChatMessage } from '#core/chat/message'
import type {
  ChatHeader,
  Decision,
  DecisionAnswer,
  SayAnswer,
  SayOrder,
  SomeMessages,
  WorkflowAnswer,
} from '#core/chat/turn'
import { readChatSocketOrder } from '#core/chat/socket'
import { createAdmission } from '#durable-objects/shared/admission'
import { answerClose } from '#durable-objects/shared/client-frames'
import { ring } from '#durable-objects/shared/ring'
import type { JsonObject } from '#lib/json'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { answerChatFrame, READS_FILES } from './answer-frame.ts'
import { deliverSpent } from './deliver-chat.ts'
import { LiveChat } from './live-chat.ts'
import { createChatStorage } from './storage.ts'

const MAX_SOCKETS = 200
/** Of the messages that a socket is shown when it opens. */
const HISTORY_MESSAGES = 50

/**
 * The actor of one chat: its entry points. Every call names the caller's workspace; who may see the chat was found out
 * before. What the chat does is `live-chat.ts`; what is written down of it, `book.ts`.
 */
export class ChatSession extends DurableObject<Env> {
  #storage = createChatStorage(this.ctx.storage.sql)
  readonly #admission = createAdmission(this.ctx, () => this.#hub())
  #live: LiveChat | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    // Answered by the platform, without waking the actor.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'))
    void ctx.blockConcurrencyWhile(async () => {
      this.#admission.dropUnadmitted()
      const header = this.#storage.load()
      if (header === undefined) return
      this.#live = this.#open(header, await ctx.storage.getAlarm())
      this.#live.recover()
    })
  }

  say(header: ChatHeader, order: SayOrder): SayAnswer {
    return this.#make(header).say(order)
  }

  regenerate(header: ChatHeader, messageId: string, userId: string): SayAnswer {
    return this.#make(header).regenerate(messageId, userId)
  }

  stop(workspaceId: string): boolean {
    return this.#find(workspaceId)?.stop() ?? false
  }

  decide(workspaceId: string, decision: Decision): DecisionAnswer {
    return this.#find(workspaceId)?.decide(decision) ?? 'unknown'
  }

  answered(workspaceId: string, turnId: string, answer: WorkflowAnswer): void {
    this.#find(workspaceId)?.answered(turnId, answer)
  }

  async waitTurn(workspaceId: string, turnId: string, timeoutMs: number): Promise<ChatMessage | undefined> {
    const live = this.#find(workspaceId)
    await live?.followers.until(() => live.book.answerOf(turnId) !== undefined, timeoutMs)
    return live?.book.answerOf(turnId)
  }

  messages(workspaceId: string, skip: number, limit: number): SomeMessages {
    const live = this.#find(workspaceId)
    if (live === undefined) return { total: 0, items: [] }
    const { messages } = this.#storage
    const items = messages.latest(skip, limit)
    return { total: messages.count(), items: items?.map((message) => live.book.current(message)) }
  }

  message(workspaceId: string, id: string): ChatMessage | undefined {
    const live = this.#find(workspaceId)
    const found = live && this.#storage.messages.find(id)
    return found && live.book.current(found)
  }

  place(workspaceId: string, turnId?: string): TurnPlace | undefined {
    const live = this.#find(workspaceId)
    const turn = live?.book.turn
    if (live === undefined || (turnId === undefined && turn?.state === 'waiting')) return undefined
    const id = turnId ?? turn?.id
    const { messageId } = id === undefined ? {} : live.book.answering(id)
    if (id === undefined || messageId === undefined) return undefined
    return { id, messageId, after: turn?.beganAfter ?? this.#storage.log.lastSeq() }
  }

  position(workspaceId: string): { readonly turnId: string; readonly after: number } | undefined {
    const turn = this.#find(workspaceId)?.book.turn
    return turn && { turnId: turn.id, after: this.#storage.log.lastSeq() }
  }

  changed(header: ChatHeader, data: JsonObject, onlyFor?: string): void {
    const live = this.#find(header.workspaceId)
    live?.tell(data)
    if (onlyFor === undefined) return
    for (const socket of this.ctx.getWebSockets()) {
      if (this.#admission.holderOf(socket).userId !== onlyFor) socket.close(CLOSE.forbidden, 'not allowed')
    }
  }

  /** @throws DatabaseUnavailable while something is owed to the ledger: the sweep comes back */
  async destroy(): Promise<void> {
    const live = this.#live
    for (const socket of this.ctx.getWebSockets()) {
      if (live !== undefined) this.#admission.gone(socket)
      socket.close(CLOSE.notFound, 'the chat was deleted')
    }
    live?.close()
    // What models took is owed also for a chat that is gone. Nothing is spent any more while this is awaited.
    if (live !== undefined) {
      await live.cancelAbandoned()
      await deliverSpent(this.env, live.header, this.#storage)
    }
    // No await between here and the deletion: nothing comes in between.
    this.#live = undefined
    const deletions = [this.ctx.storage.deleteAlarm(), this.ctx.storage.deleteAll()]
    this.#storage = createChatStorage(this.ctx.storage.sql)
    await Promise.all(deletions)
  }

  /** A websocket that follows the chat, and speaks in it. */
  override async fetch(request: Request): Promise<Response> {
    const order = readChatSocketOrder(request)
    const live = this.#make(order.chat)
    const { ticket } = order
    if (ticket !== undefined && !this.#storage.burnTicket(ticket.id, ticket.expiresAt, Date.now())) {
      return refuseSocket(CLOSE.credentials, 'ticket already used')
    }
    if (this.ctx.getWebSockets().length >= MAX_SOCKETS) return refuseSocket(CLOSE.policy, 'too many sockets')
    const kind = order.mayWrite ? 'chat' : 'chat_reader'
    const mark = order.mayReadFiles ? READS_FILES : undefined
    return this.#admission.admit({ kind, id: live.header.chatId, ...(mark && { mark }) }, order, (socket) => {
      this.#show(live, socket, order)
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
    // What a client still says while we close its socket.
    if (live === undefined || socket.readyState !== WebSocket.OPEN) return
    this.ctx.waitUntil(answerChatFrame(this.env, live, socket, this.#admission.holderOf(socket), message))
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
      () => ({ chat_id: this.#live?.header.chatId, workspace_id: this.#live?.header.workspaceId }),
    )
  }

  /** Goes on where the client is; one that begins, or that was away for too long, gets the messages as they stand. */
  #show(
    live: LiveChat,
    socket: WebSocket,
    { after, expiresAt }: { after?: number | undefined; expiresAt: number },
  ): void {
    const { log } = this.#storage
    const { chatId } = live.header
    const seq = log.lastSeq()
    const isKnown = after !== undefined && after <= seq && after >= log.firstSeq() - 1
    if (!isKnown) {
      socket.send(JSON.stringify(toHistory(chatId, Date.now(), this.#history(live))))
    } else {
      socket.send(JSON.stringify(toNotice(chatId, 'session_update', Date.now(), { status: 'connected', seq })))
    }
    live.watchers.attach(socket, { after: isKnown ? after : seq, expiresAt })
  }

  #history(live: LiveChat): History {
    const { log, messages } = this.#storage
    const latest = messages.kept(HISTORY_MESSAGES).map((message) => live.book.current(message))
    return { seq: log.lastSeq(), total: messages.count(), messages: latest }
  }

  /** The chat, made when this is the first that is heard of it. All or nothing. */
  #make(header: ChatHeader): LiveChat {
    const found = this.#live
    if (found !== undefined) {
      if (found.header.workspaceId !== header.workspaceId) throw new Error('a chat of another workspace')
      return found
    }
    this.ctx.storage.transactionSync(() => this.#storage.create(header))
    return (this.#live = this.#open(header, null))
  }

  #open(header: ChatHeader, armedAt: number | null): LiveChat {
    return new LiveChat(this.ctx, this.env, this.#storage, { header, armedAt, onGone: () => this.destroy() })
  }

  #hub(): WorkspaceHubActor {
    if (this.#live === undefined) throw new Error('a chat that is not there has no sockets')
    return workspaceHub(this.env, this.#live.header.workspaceId)
  }

  #find(workspaceId: string): LiveChat | undefined {
    return this.#live?.header.workspaceId === workspaceId ? this.#live : undefined
  }
}
