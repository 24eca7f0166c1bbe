import { and, eq } from 'drizzle-orm'
import { chatSession, maintenance } from '#actors'
import { AppError } from '#core/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findChatRow, isVisible } from './find-chat.ts'

/**
 * Deletes a chat with all that was said in it, and its actor. Its creator does, or whoever may manage the workspace.
 *
 * @throws AppError `not_found`; `forbidden`
 */
export async function deleteChat(ctx: Ctx, id: string): Promise<void> {
  const { workspaceId, userId, workspaceRole } = ctx.principal
  const row = await findChatRow(ctx, id)
  const isTheirs = row.created_by === userId || workspaceRole === 'owner' || workspaceRole === 'admin'
  if (!isTheirs) throw new AppError('forbidden')
  const { chats, chatDeletions } = ctx.db.tables
  const deletion = ctx.db
    .delete(chats)
    .where(and(eq(chats.id, id), eq(chats.workspace_id, workspaceId), isVisible(ctx)))
    .returning({ id: chats.id })
  const [, deleted] = await ctx.db.batch([
    ctx.db.insert(chatDeletions).values({ chat_id: id }).onConflictDoNothing(),
    withLine(ctx, ctx.db, deletion, { action: 'chat.deleted', resourceId: id }),
  ])
  if (deleted.length === 0) throw new AppError('not_found')
  // Whatever becomes of this call, the sweep finds the chat among the deleted ones.
  ctx.later(async () => {
    await chatSession(ctx.env, id).destroy()
    await maintenance(ctx.env).sweepSoon()
  })
}
