import { z } from '@hono/zod-openapi'
import { AgentEvent } from '#core/agent/event'
import { ChatMessage } from '#core/chat/message'
import type { ChatEvent } from '#core/chat/turn'
import { createUiWriter } from '#core/chat/ui-stream'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { toSocketCaller } from '#services/auth/identify-socket'
import { openChatSocket } from '#services/chats/open-chat-socket'
import type { UiTurn } from '#services/chats/stream-ui'
import { answerEvents, type SocketFrame } from './event-stream.ts'

const turnStarted = z.object({
  status: z.literal('streaming'),
  turn_id: z.uuid(),
  reply_to: z.uuid(),
  message_id: z.uuid(),
  execution_id: z.uuid().optional(),
})

/** Of a chat's frames those that say something of a turn. */
const TurnFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('chat_message'), data: ChatMessage }),
  z.object({ type: z.literal('message_delta'), data: z.object({ message_id: z.uuid(), delta: AgentEvent }) }),
  z.object({ type: z.literal('session_update'), data: turnStarted }),
])

/**
 * A turn's answer as the AI SDK's UI message stream, live or out of the chat's log, for as long as its reader may see the
 * chat. Where the log has let go of it there is none: 204.
 *
 * @throws AppError `not_found`, and like `answerEvents`
 */
export async function streamUiTurn(
  ctx: Ctx,
  chatId: string,
  { isContinued, after, ...turn }: UiTurn,
): Promise<Response> {
  const caller = toSocketCaller(ctx.principal, ctx.now())
  const socket = await openChatSocket(ctx, chatId, after, { ...caller, mayWrite: false, mayReadFiles: false })
  if (socket === undefined) throw new AppError('not_found')
  const writer = createUiWriter(turn, isContinued)
  const isLast = ({ seq, ...frame }: SocketFrame): boolean => {
    const event = seq === undefined ? undefined : toEvent(frame)
    return event?.type === 'message' && event.message.role === 'assistant' && event.message.turn_id === turn.id
  }
  const answer = await answerEvents(socket, {
    isOver: ({ type }) => type === 'history',
    isLast,
    write(frame) {
      const event = toEvent(frame)
      const chunks = event === undefined ? [] : writer.write(event)
      const lines = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      return [...lines, ...(isLast(frame) ? ['data: [DONE]\n\n'] : [])].join('')
    },
  })
  answer.headers.set('x-vercel-ai-ui-message-stream', 'v1')
  return answer
}

function toEvent(frame: SocketFrame): ChatEvent | undefined {
  const { data: known } = TurnFrame.safeParse(frame)
  if (known === undefined) return undefined
  const at = 0
  switch (known.type) {
    case 'chat_message':
      return { type: 'message', at, message: known.data }
    case 'message_delta':
      return { type: 'delta', at, message_id: known.data.message_id, event: known.data.delta }
    case 'session_update':
      return { type: 'turn_started', at, ...known.data }
    default:
      return known satisfies never
  }
}
