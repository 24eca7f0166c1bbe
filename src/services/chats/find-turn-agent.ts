import { and, eq } from 'drizzle-orm'
import type { AgentSnapshot } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import { type AgentCtx, findAgentSnapshot } from '#services/agents/find-agent-snapshot'

/**
 * Who answers in a chat, as it is now.
 *
 * @throws AppError `not_found`, `chat_agent_gone`, `agent_inactive`; DatabaseUnavailable
 */
export async function findTurnAgent(ctx: AgentCtx, chatId: string): Promise<AgentSnapshot> {
  const { chats } = ctx.db.tables
  const [chat] = await ctx.db
    .select({ agentId: chats.agent_id })
    .from(chats)
    .where(and(eq(chats.id, chatId), eq(chats.workspace_id, ctx.principal.workspaceId)))
  if (chat === undefined) throw new AppError('not_found')
  return findAgentSnapshot(ctx, chat.agentId).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'not_found' ? new AppError('chat_agent_gone') : error
  })
}
