import type { Chat, ChatInput } from '#core/chat/chat'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findChat } from './find-chat.ts'
import { refuseAnswerer } from './refuse-answerer.ts'
import { toChat } from './to-chat.ts'

/**
 * Begins a chat. Its actor comes to be with the first thing that is said.
 *
 * @throws AppError `not_found` for an agent or a workflow that is not the workspace's; `chat_workflow_…`
 */
export async function createChat(ctx: Ctx, input: ChatInput, idempotency?: Idempotency): Promise<Chat> {
  const id = await claimId(ctx, idempotency)
  await refuseAnswerer(ctx, input)
  const { chats } = ctx.db.tables
  const now = new Date(ctx.now())
  const { workspaceId, userId } = ctx.principal
  const creation = ctx.db
    .insert(chats)
    .values({ ...input, id, workspace_id: workspaceId, created_by: userId, created_at: now, updated_at: now })
    .onConflictDoNothing()
    .returning()
  const [made] = await audited(ctx, creation, { action: 'chat.created', resourceId: id })
  // A repeat of a request that came through.
  return made === undefined ? findChat(ctx, id) : toChat(made)
}
