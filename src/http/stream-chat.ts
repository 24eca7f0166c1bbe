import { z } from '@hono/zod-openapi'
import { ChatMessage } from '#core/chat/message'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { toSocketCaller } from '#services/auth/identify-socket'
import { openChatSocket } from '#services/chats/open-chat-socket'
import { answerEvents, type SocketFrame } from './event-stream.ts'

/** What a stream of a chat's frames ends with; without either it goes on as long as the client's session. */
interface StreamEnd {
  /** The answer of this turn, or where it waits for a person. */
  readonly turnId?: string
  /** So many frames. */
  readonly limit?: number | undefined
}

const Shown = ChatMessage.pick({ role: true, turn_id: true, status: true })
const Answered = z.object({ type: z.literal('chat_message'), data: Shown })
const History = z.object({ type: z.literal('history'), data: z.object({ seq: z.int(), messages: z.array(Shown) }) })

/**
 * A chat's frames behind `after` as server-sent events. One that begins, or that was away for too long, gets the history
 * first, whose id is the `seq` to go on behind.
 *
 * @throws AppError `not_found`, and like `answerEvents`
 */
export async function streamChat(
  ctx: Ctx,
  id: string,
  after: number | undefined,
  { turnId, limit = Infinity }: StreamEnd = {},
): Promise<Response> {
  const socket = await openChatSocket(ctx, id, after, {
    ...toSocketCaller(ctx.principal, ctx.now()),
    mayWrite: false,
    mayReadFiles: false,
  })
  if (socket === undefined) throw new AppError('not_found')
  let count = 0
  return answerEvents(socket, {
    isOver: () => false,
    idOf: (frame) => frame.seq ?? History.safeParse(frame).data?.data.seq,
    isLast(frame) {
      if (frame.seq !== undefined) count += 1
      return count >= limit || (turnId !== undefined && isEndOf(turnId, frame, after))
    },
  })
}

function isEndOf(turnId: string, frame: SocketFrame, after: number | undefined): boolean {
  const isAnswer = ({ role, turn_id, status }: z.infer<typeof Shown>): boolean =>
    role === 'assistant' && turn_id === turnId && status !== 'streaming'
  if (frame.type === 'chat_message') return isAnswer(Answered.parse(frame).data)
  // An answer that is over and no longer in the log will not come again: it is in the history.
  return frame.type === 'history' && (after === undefined || History.parse(frame).data.messages.some(isAnswer))
}
