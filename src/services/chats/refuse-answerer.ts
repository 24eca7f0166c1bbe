import { and, eq } from 'drizzle-orm'
import type { ChatPatch } from '#core/chat/chat'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { findChatWorkflow } from './find-chat-workflow.ts'

/** @throws AppError `not_found` for an agent or a workflow that is not the workspace's; `chat_workflow_…` for one that cannot answer */
export async function refuseAnswerer(
  ctx: Ctx,
  { agent_id, workflow_id }: Pick<ChatPatch, 'agent_id' | 'workflow_id'>,
): Promise<void> {
  if (workflow_id != null) await findChatWorkflow(ctx, workflow_id)
  if (agent_id == null) return
  const { agents } = ctx.db.tables
  const [found] = await ctx.db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.id, agent_id), eq(agents.workspace_id, ctx.principal.workspaceId)))
  if (found === undefined) throw new AppError('not_found')
}
