import { and, eq } from 'drizzle-orm'
import type { AgentSnapshot } from '#core/agent/snapshot'
import type { ChatHeader } from '#core/chat/turn'
import type { Db } from '#db/connect'

/** The agent of the chat was deleted, or is not active. */
export class AgentUnavailable extends Error {
  override readonly name = 'AgentUnavailable'
}

const DEFAULT_AGENT: AgentSnapshot = {
  id: null,
  name: 'SynapScale',
  version: null,
  models: ['demo/echo'],
  instructions: '',
  temperature: null,
  top_p: null,
  max_tokens: null,
  tools: [],
  memory: { messages: 50, summarize: false },
  output_schema: null,
  limits: { max_steps: 10, max_tokens_per_turn: null, max_cost_per_turn: null, max_cost_per_month: null },
}

/**
 * Who answers in this chat, as it is now.
 *
 * @throws AgentUnavailable; DatabaseUnavailable
 */
export async function findTurnAgent(db: Db, { chatId, workspaceId }: ChatHeader): Promise<AgentSnapshot> {
  const { chats } = db.tables
  const [chat] = await db
    .select({ agentId: chats.agent_id })
    .from(chats)
    .where(and(eq(chats.id, chatId), eq(chats.workspace_id, workspaceId)))
  if (chat === undefined || chat.agentId !== null) throw new AgentUnavailable()
  return DEFAULT_AGENT
}
