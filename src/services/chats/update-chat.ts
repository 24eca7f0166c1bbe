import { and, eq } from 'drizzle-orm'
import { chatSession } from '#actors'
import type { Chat, ChatPatch } from '#core/chat/chat'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findChatRow, isVisible, toHeader } from './find-chat.ts'
import { refuseAnswerer } from './refuse-answerer.ts'
import { toChat } from './to-chat.ts'

/**
 * Changes what is given, and tells whoever follows the chat. Only its creator decides who may see it.
 *
 * @throws AppError `not_found`, also for an agent or a workflow that is not the workspace's; `chat_workflow_…`; `forbidden`
 */
export async function updateChat(ctx: Ctx, id: string, patch: ChatPatch): Promise<Chat> {
  const row = await findChatRow(ctx, id)
  const isOwn = row.created_by === ctx.principal.userId
  if (patch.visibility !== undefined && patch.visibility !== row.visibility && !isOwn) throw new AppError('forbidden')
  await refuseAnswerer(ctx, patch)
  const { chats } = ctx.db.tables
  const change = ctx.db
    .update(chats)
    .set({ ...patch, ...withoutFormer(patch), updated_at: new Date(ctx.now()) })
    .where(and(eq(chats.id, id), eq(chats.workspace_id, ctx.principal.workspaceId), isVisible(ctx)))
    .returning()
  const [changed] = await audited(ctx, change, {
    action: 'chat.changed',
    resourceId: id,
    details: { fields: Object.keys(patch) },
  })
  if (changed === undefined) throw new AppError('not_found')
  const { title, agent_id, workflow_id, visibility, is_archived } = toChat(changed)
  const onlyFor = visibility === 'private' ? (row.created_by ?? undefined) : undefined
  const now = { title, agent_id, workflow_id, visibility, is_archived }
  await chatSession(ctx.env, id).changed(toHeader(row), now, onlyFor)
  return toChat(changed)
}

/** An agent that is named takes the workflow's place, and the other way around. */
function withoutFormer({ agent_id, workflow_id }: ChatPatch): Pick<ChatPatch, 'agent_id' | 'workflow_id'> {
  if (agent_id != null) return { workflow_id: null }
  return workflow_id == null ? {} : { agent_id: null }
}
