/** Chats as a client over the network has them. */
import { WebSocket } from 'ws'
import { z } from 'zod'
import { ChatMessage } from '#core/chat/message'
import type { Client } from './client.ts'

/** What comes over a chat's socket; a pong has no data. */
export const Frame = z.looseObject({ type: z.string(), seq: z.int().optional(), data: z.unknown().optional() })
export type Frame = z.infer<typeof Frame>

export async function messagesOf(client: Client, chat: string): Promise<ChatMessage[]> {
  const { body } = await client.call(`/chat/${chat}/messages`)
  return z.object({ items: z.array(ChatMessage) }).parse(body).items
}

/** Follows a chat through whatever happens to the server, coming back with `?after`, until an answer is whole. */
export async function followThrough(server: string, { token }: Client, chat: string): Promise<Frame[]> {
  const seen: Frame[] = []
  const isWhole = ({ role, status }: ChatMessage) => role === 'assistant' && status === 'complete'
  const isOver = () => seen.some(({ type, data }) => type === 'chat_message' && isWhole(ChatMessage.parse(data)))
  while (!isOver()) {
    const after = seen.at(-1)?.seq ?? 0
    const url = `${server.replace('http', 'ws')}/api/v1/ws/chat/${chat}?token=${token}&after=${after}`
    await new Promise<void>((gone) => {
      const socket = new WebSocket(url)
      socket.on('message', (text: Buffer) => {
        const frame = Frame.parse(JSON.parse(String(text)))
        if (frame.seq !== undefined) seen.push(frame)
        if (isOver()) socket.close()
      })
      socket.on('error', () => undefined).on('close', () => setTimeout(gone, 100))
    })
  }
  return seen
}

/** The text that a client has by the deltas. */
export function textOf(frames: readonly Frame[]): string {
  const deltas = frames.filter(({ type }) => type === 'message_delta')
  const Delta = z.object({ delta: z.looseObject({ type: z.string(), text: z.string().default('') }) })
  return deltas
    .map(({ data }) => Delta.parse(data).delta)
    .map(({ type, text }) => (type === 'text' ? text : ''))
    .join('')
    .trim()
}
