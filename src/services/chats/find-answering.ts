import { and, eq } from 'drizzle-orm'
import type { Answering, Turn } from '#core/chat/turn'
import { AppError, type ErrorCode } from '#core/errors'
import { type AgentCtx, findAgentSnapshot } from '#services/agents/find-agent-snapshot'
import { derivedId } from '#services/executions/start-child'
import { findChatWorkflow } from './find-chat-workflow.ts'

type AnsweringCtx = AgentCtx & { readonly env: Env }

/**
 * Who answers in a chat, and to whom, as it is now: its agent, its workflow, or the workspace's default agent.
 *
 * @throws AppError `not_found`, `chat_agent_gone`, `agent_inactive`, `chat_workflow_…`; DatabaseUnavailable
 */
export async function findAnswering(
  ctx: AnsweringCtx,
  chatId: string,
  { id: turnId, userId }: Pick<Turn, 'id' | 'userId'>,
): Promise<Answering> {
  const { chats, users } = ctx.db.tables
  const [chat] = await ctx.db
    .select({ agentId: chats.agent_id, workflowId: chats.workflow_id, first: users.first_name, last: users.last_name })
    .from(chats)
    .leftJoin(users, eq(users.id, userId))
    .where(and(eq(chats.id, chatId), eq(chats.workspace_id, ctx.principal.workspaceId)))
  if (chat === undefined) throw new AppError('not_found')
  const speaker = { id: userId, name: [chat.first, chat.last].join(' ').trim() }
  if (chat.workflowId === null) {
    return { agent: await findAgentSnapshot(ctx, chat.agentId).catch(goneAs('chat_agent_gone')), speaker }
  }
  await findChatWorkflow(ctx, chat.workflowId).catch(goneAs('chat_workflow_gone'))
  const executionId = derivedId(ctx.env, Date.now(), ['chat', chatId, turnId])
  return { workflow: { id: chat.workflowId, executionId }, speaker }
}

function goneAs(code: ErrorCode) {
  return (error: unknown): never => {
    throw error instanceof AppError && error.code === 'not_found' ? new AppError(code) : error
  }
}
