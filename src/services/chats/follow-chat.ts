import { chatSession } from '#actors'
import type { StreamEnd } from '#core/chat/turn'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'

/**
 * The chat's frames as server-sent events, as they come.
 *
 * @param after the last `seq` that the client has; from now on when absent
 * @throws AppError `not_found`
 */
export async function followChat(
  ctx: Ctx,
  chatId: string,
  after: number | undefined,
  until: StreamEnd = {},
): Promise<ReadableStream<Uint8Array>> {
  return chatSession(ctx.env, chatId).follow(await findHeader(ctx, chatId), after, until)
}
