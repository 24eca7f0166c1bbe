import { and, eq } from 'drizzle-orm'
import type { AgentSnapshot } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import { type AgentCtx, findAgentSnapshot } from '#services/agents/find-agent-snapshot'

interface Answering {
  readonly agent: AgentSnapshot
  readonly speaker: { readonly id: string; readonly name: string }
}

/**
 * Who answers in a chat, and to whom, as it is now.
 *
 * @throws AppError `not_found`, `chat_agent_gone`, `agent_inactive`; DatabaseUnavailable
 */
export async function findTurnAgent(ctx: AgentCtx, chatId: string, userId: string): Promise<Answering> {
  const { chats, users } = ctx.db.tables
  const [chat] = await ctx.db
    .select({ agentId: chats.agent_id, first: users.first_name, last: users.last_name })
    .from(chats)
    .leftJoin(users, eq(users.id, userId))
    .where(and(eq(chats.id, chatId), eq(chats.workspace_id, ctx.principal.workspaceId)))
  if (chat === undefined) throw new AppError('not_found')
  const agent = await findAgentSnapshot(ctx, chat.agentId).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'not_found' ? new AppError('chat_agent_gone') : error
  })
  return { agent, speaker: { id: userId, name: [chat.first, chat.last].join(' ').trim() } }
}
