import { and, eq, or, type SQL } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Chat } from '#core/chat/chat'
import type { ChatHeader } from '#core/chat/turn'
import type { Ctx } from '#services/context'
import { type ChatRow, toChat } from './to-chat.ts'

/** What it takes to know whose a chat is. */
export interface ChatCtx extends Pick<Ctx, 'db'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId' | 'userId'>
}

/** A condition on `chats`: those that the caller may see, the own ones and what is shared with the workspace. */
export function isVisible({ db, principal }: ChatCtx): SQL | undefined {
  const { chats } = db.tables
  const { workspaceId, userId } = principal
  return and(eq(chats.workspace_id, workspaceId), or(eq(chats.created_by, userId), eq(chats.visibility, 'workspace')))
}

/** @throws AppError `not_found`, also for another workspace's, and for another person's private one */
export async function findChatRow(ctx: ChatCtx, id: string): Promise<ChatRow> {
  const { chats } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(chats)
    .where(and(eq(chats.id, id), eq(chats.workspace_id, ctx.principal.workspaceId), isVisible(ctx)))
  if (row === undefined) throw new AppError('not_found')
  return row
}

/** @throws AppError `not_found` */
export async function findChat(ctx: ChatCtx, id: string): Promise<Chat> {
  return toChat(await findChatRow(ctx, id))
}

/**
 * What the chat's actor is told with every order; only of chats that the caller may see.
 *
 * @throws AppError `not_found`
 */
export async function findHeader(ctx: ChatCtx, id: string): Promise<ChatHeader> {
  return toHeader(await findChatRow(ctx, id))
}

export function toHeader({ id, workspace_id, created_by }: ChatRow): ChatHeader {
  return { chatId: id, workspaceId: workspace_id, createdBy: created_by }
}
