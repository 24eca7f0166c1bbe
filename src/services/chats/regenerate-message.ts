import { chatSession } from '#actors'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'
import { type Said, saidOrRefuse } from './send-message.ts'
import { toMessageView } from './to-chat.ts'

/**
 * Has a message answered once more: what was answered, and all behind it, is superseded.
 *
 * @param id the answer, or what it answered
 * @returns the message that is answered, and behind which `seq` what comes of it is found
 * @throws AppError `not_found`, also for messages so old that the chat's actor no longer keeps them
 */
export async function regenerateMessage(ctx: Ctx, chatId: string, id: string): Promise<Said> {
  const header = await findHeader(ctx, chatId)
  const said = await chatSession(ctx.env, chatId).regenerate(header, id, ctx.principal.userId)
  const { message, after } = saidOrRefuse(said)
  return { message: toMessageView(message, ctx.locale), after }
}
