import { chatSession } from '#actors'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'

/**
 * Ends the turn that is under way, the model's call with it; what had come is kept.
 *
 * @returns whether there was one
 * @throws AppError `not_found`
 */
export async function stopChat(ctx: Ctx, chatId: string): Promise<boolean> {
  const { workspaceId } = await findHeader(ctx, chatId)
  return chatSession(ctx.env, chatId).stop(workspaceId)
}
