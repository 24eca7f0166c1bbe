import { and, desc, eq } from 'drizzle-orm'
import { chatSession } from '#actors'
import type { RatedMessage } from '#core/chat/feedback'
import { ChatMessage } from '#core/chat/message'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'
import { readFeedback } from './read-feedback.ts'
import { toMessageView } from './to-chat.ts'

/**
 * A chat's messages as they stand now, in reading order; page 1 has the latest. The actor is asked first, and
 * PostgreSQL for what it no longer keeps.
 *
 * @throws AppError `not_found`
 */
export async function listMessages(ctx: Ctx, chatId: string, paging: Paging): Promise<Page<RatedMessage>> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const skip = (paging.page - 1) * paging.size
  const { total, items } = await chatSession(ctx.env, chatId).messages(workspaceId, skip, paging.size)
  const messages = items ?? (await readOld(ctx, chatId, skip, paging.size))
  const ids = messages.map(({ id }) => id)
  const feedbackOf = await readFeedback(ctx, chatId, ids)
  return toPage(
    messages.map((message) => ({ ...toMessageView(message, ctx.locale), feedback: feedbackOf(message.id) })),
    total,
    paging,
  )
}

async function readOld(ctx: Ctx, chatId: string, skip: number, limit: number): Promise<ChatMessage[]> {
  const { chatMessages } = ctx.db.tables
  const rows = await ctx.db
    .select({ body: chatMessages.body })
    .from(chatMessages)
    .where(
      and(
        eq(chatMessages.chat_id, chatId),
        eq(chatMessages.workspace_id, ctx.principal.workspaceId),
        eq(chatMessages.is_superseded, false),
      ),
    )
    .orderBy(desc(chatMessages.ordinal))
    .limit(limit)
    .offset(skip)
  return rows.map(({ body }) => ChatMessage.parse(body)).toReversed()
}
