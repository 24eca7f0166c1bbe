import { and, eq } from 'drizzle-orm'
import { chatSession } from '#actors'
import type { Chat, ChatPatch } from '#core/chat/chat'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findChatRow, isVisible, toHeader } from './find-chat.ts'
import { refuseUnknownAgent } from './refuse-unknown-agent.ts'
import { toChat } from './to-chat.ts'

/**
 * Changes what is given, and tells whoever follows the chat. Only its creator decides who may see it.
 *
 * @throws AppError `not_found`, also for an agent that is not the workspace's; `forbidden`
 */
export async function updateChat(ctx: Ctx, id: string, patch: ChatPatch): Promise<Chat> {
  const row = await findChatRow(ctx, id)
  const isOwn = row.created_by === ctx.principal.userId
  if (patch.visibility !== undefined && patch.visibility !== row.visibility && !isOwn) throw new AppError('forbidden')
  await refuseUnknownAgent(ctx, patch.agent_id)
  const { chats } = ctx.db.tables
  const change = ctx.db
    .update(chats)
    .set({ ...patch, updated_at: new Date(ctx.now()) })
    .where(and(eq(chats.id, id), eq(chats.workspace_id, ctx.principal.workspaceId), isVisible(ctx)))
    .returning()
  const [changed] = await audited(ctx, change, {
    action: 'chat.changed',
    resourceId: id,
    details: { fields: Object.keys(patch) },
  })
  if (changed === undefined) throw new AppError('not_found')
  const { title, agent_id, visibility, is_archived } = toChat(changed)
  const onlyFor = visibility === 'private' ? (row.created_by ?? undefined) : undefined
  await chatSession(ctx.env, id).changed(toHeader(row), { title, agent_id, visibility, is_archived }, onlyFor)
  return toChat(changed)
}
