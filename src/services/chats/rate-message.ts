import { and, eq } from 'drizzle-orm'
import type { FeedbackInput } from '#core/chat/feedback'
import type { Ctx } from '#services/context'
import { findMessage } from './find-message.ts'

/**
 * What the caller thinks of a message; a rating of null takes it back.
 *
 * @throws AppError `not_found`
 */
export async function rateMessage(
  ctx: Ctx,
  chatId: string,
  messageId: string,
  input: FeedbackInput,
): Promise<FeedbackInput> {
  const { agent_id } = await findMessage(ctx, chatId, messageId)
  const { messageFeedback: feedback } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  const { rating, comment } = input
  if (rating === null) {
    await ctx.db
      .delete(feedback)
      .where(
        and(eq(feedback.workspace_id, workspaceId), eq(feedback.message_id, messageId), eq(feedback.user_id, userId)),
      )
    return { rating: null, comment: null }
  }
  await ctx.db
    .insert(feedback)
    .values({
      chat_id: chatId,
      message_id: messageId,
      user_id: userId,
      workspace_id: workspaceId,
      agent_id,
      rating,
      comment,
    })
    .onConflictDoUpdate({ target: [feedback.message_id, feedback.user_id], set: { rating, comment } })
  return { rating, comment }
}
