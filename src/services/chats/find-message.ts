import { and, eq } from 'drizzle-orm'
import { chatSession } from '#actors'
import { ChatMessage } from '#core/chat/message'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'
import { toMessageView } from './to-chat.ts'

/** @throws AppError `not_found` */
export async function findMessage(ctx: Ctx, chatId: string, id: string): Promise<ChatMessage> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const message = (await chatSession(ctx.env, chatId).message(workspaceId, id)) ?? (await readOld(ctx, chatId, id))
  if (message === undefined) throw new AppError('not_found')
  return toMessageView(message, ctx.locale)
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
