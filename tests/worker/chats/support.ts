/** Chats as a client has them, inside workerd. */
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { z } from 'zod'
import { Chat } from '#core/chat/chat'
import { ChatMessage } from '#core/chat/message'
import type { JsonObject } from '#lib/json'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { hit } from '#tests/worker/security/hit'
import { openSocket, type SocketOptions, type TestSocket } from '#tests/worker/support/socket'

export type Frame = TestSocket['frames'][number]

export interface ChatClient {
  readonly caller: Caller
  readonly id: string
  chat(): Promise<Chat>
  /** Says something; what was said. */
  say(content: string, more?: JsonObject): Promise<ChatMessage>
  /** Says something and waits for the answer. */
  ask(content: string, more?: JsonObject): Promise<ChatMessage>
  messages(query?: string): Promise<ChatMessage[]>
  post(path: string, body?: JsonObject): Promise<{ readonly status: number; readonly body: unknown }>
  follow(query?: string, options?: SocketOptions): Promise<TestSocket>
}

/** A member of nothing but their own workspace. */
export async function createTalker(): Promise<Caller> {
  // The first request takes seconds; a query would count them against PostgreSQL.
  await hit('/')
  return createPerson()
}

export async function createChat(caller: Caller, input: JsonObject = {}): Promise<ChatClient> {
  const made = await caller.call('/api/v1/chat', { method: 'POST', body: input })
  if (made.status !== 201) throw new Error(`POST /chat answers ${made.status}: ${made.text}`)
  return chatOf(caller, Chat.parse(JSON.parse(made.text)).id)
}

/** A chat with an agent of its own. */
export async function createAgentChat(caller: Caller, agent: JsonObject): Promise<ChatClient> {
  const made = await caller.call('/api/v1/agents', { method: 'POST', body: { name: 'Teste', ...agent } })
  if (made.status !== 201) throw new Error(made.text)
  return createChat(caller, { agent_id: JSON.parse(made.text).id })
}

/** The actor is thrown away as a crash would. */
export async function crash(chat: ChatClient): Promise<void> {
  await runInDurableObject(actorOf(chat.id), (_instance, state) => {
    state.abort('a crash of the test')
  }).catch(() => undefined)
}

/** The same chat for somebody else. */
export function chatOf(caller: Caller, id: string): ChatClient {
  const path = `/api/v1/chat/${id}`
  const call = async (rest: string, method = 'GET', body?: JsonObject): Promise<{ status: number; body: unknown }> => {
    const answer = await caller.call(`${path}${rest}`, { method, ...(body && { body }) })
    return { status: answer.status, body: answer.text === '' ? undefined : JSON.parse(answer.text) }
  }
  const send = async (rest: string, body: JsonObject): Promise<ChatMessage> => {
    const answer = await call(rest, 'POST', body)
    if (answer.status >= 300) throw new Error(`POST ${rest} answers ${answer.status}: ${JSON.stringify(answer.body)}`)
    return ChatMessage.parse(answer.body)
  }
  return {
    caller,
    id,
    chat: async () => Chat.parse((await call('')).body),
    say: (content, more = {}) => send('/messages', { content, ...more }),
    ask: (content, more = {}) => send('/messages?wait=20', { content, ...more }),
    messages: async (query = '?size=100') =>
      z.object({ items: z.array(ChatMessage) }).parse((await call(`/messages${query}`)).body).items,
    post: (rest, body) => call(rest, 'POST', body ?? {}),
    follow: (query = '', options = {}) =>
      openSocket(`/api/v1/ws/chat/${id}?token=${caller.token}&workspace_id=${caller.workspaceId}${query}`, options),
  }
}

/** The actor of a chat, for `cloudflare:test`. */
export function actorOf(chatId: string) {
  return env.CHAT_SESSION.getByName(chatId)
}

export function isAnswer(frame: Frame): boolean {
  return frame.type === 'chat_message' && (frame['data'] as ChatMessage).role === 'assistant'
}

/** The text that a client has by the deltas of an answer. */
export function textBy(frames: readonly Frame[]): string {
  return frames
    .filter(({ type }) => type === 'message_delta')
    .map((frame) => (frame['data'] as { delta: { type: string; text?: string } }).delta)
    .flatMap(({ type, text = '' }) => (type === 'text' ? [text] : []))
    .join('')
    .trim()
}

export function seqs(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ seq }) => (seq === undefined ? [] : [seq]))
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => from + index)
}
