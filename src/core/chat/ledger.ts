/** What a turn's events cost, as it is owed to the ledger. */
import type { AgentEvent } from '#core/agent/event'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { ChatHeader, Turn } from './turn.ts'

/**
 * @param steps the answers of models that the turn has had before this event: they name the call
 * @param now Unix milliseconds
 */
export function toUsage(
  { chatId }: ChatHeader,
  turn: Turn,
  event: AgentEvent,
  steps: number,
  now: number,
): UsageEntry | undefined {
  const entry = {
    at: now,
    source: 'chat' as const,
    user_id: turn.userId,
    execution_id: null,
    node_id: null,
    chat_id: chatId,
    agent_id: turn.agent?.id ?? null,
  }
  if (event.type === 'step_finished') {
    const { model, usage, cost } = event
    return { ...entry, key: `${turn.id}/${steps + 1}`, model, usage, cost }
  }
  // What a tool asked of models itself: whose they are it does not say, so that it stands under the agent's own.
  const spent = event.type === 'tool_completed' || event.type === 'tool_failed' ? event.spent : undefined
  const model = turn.agent?.models[0]
  if (spent === undefined || model === undefined || !('call_id' in event)) return undefined
  return { ...entry, key: `${turn.id}/${event.call_id}`, model, usage: spent.usage, cost: spent.cost }
}
