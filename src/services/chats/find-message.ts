import { and, eq } from 'drizzle-orm'
import { chatSession } from '#actors'
import type { RatedMessage } from '#core/chat/feedback'
import { ChatMessage } from '#core/chat/message'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'
import { readFeedback } from './read-feedback.ts'
import { toMessageView } from './to-chat.ts'

/** @throws AppError `not_found` */
export async function findMessage(ctx: Ctx, chatId: string, id: string): Promise<ChatMessage> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const message = (await chatSession(ctx.env, chatId).message(workspaceId, id)) ?? (await readOld(ctx, chatId, id))
  if (message === undefined) throw new AppError('not_found')
  return toMessageView(message, ctx.locale)
}

/**
 * A message, and what those who see it think of it.
 *
 * @throws AppError `not_found`
 */
export async function findRatedMessage(ctx: Ctx, chatId: string, id: string): Promise<RatedMessage> {
  const message = await findMessage(ctx, chatId, id)
  const feedbackOf = await readFeedback(ctx, chatId, [id])
  return { ...message, feedback: feedbackOf(id) }
}

async function readOld(ctx: Ctx, chatId: string, id: string): Promise<ChatMessage | undefined> {
  const { chatMessages } = ctx.db.tables
  const [row] = await ctx.db
    .select({ body: chatMessages.body })
    .from(chatMessages)
    .where(
      and(
        eq(chatMessages.chat_id, chatId),
        eq(chatMessages.workspace_id, ctx.principal.workspaceId),
        eq(chatMessages.id, id),
      ),
    )
  return row && ChatMessage.parse(row.body)
}
