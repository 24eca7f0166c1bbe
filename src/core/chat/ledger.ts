/** What a chat's turns cost, as it is owed to the ledger. */
import type { AgentEvent } from '#core/agent/event'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { ChatHeader, Turn } from './turn.ts'

type Paid = Pick<UsageEntry, 'key' | 'model' | 'usage' | 'cost' | 'agent_id'>

/**
 * @param paid one answer of a model; its key within the turn
 * @param now Unix milliseconds
 */
export function toEntry(
  { chatId }: ChatHeader,
  turn: Pick<Turn, 'id' | 'userId'>,
  { key, ...paid }: Paid,
  now: number,
): UsageEntry {
  const place = { source: 'chat', user_id: turn.userId, execution_id: null, node_id: null, chat_id: chatId } as const
  return { ...paid, ...place, key: `${turn.id}/${key}`, at: now }
}

/**
 * What the chat's own agent took. What the agents that it asks take is theirs, and is noted when they are asked.
 *
 * @param steps the answers of models that the turn has had before this event: they name the call
 */
export function toUsage(
  header: ChatHeader,
  turn: Turn,
  event: AgentEvent,
  steps: number,
  now: number,
): UsageEntry | undefined {
  if (event.type !== 'step_finished') return undefined
  const { model, usage, cost } = event
  return toEntry(header, turn, { key: String(steps + 1), agent_id: turn.agent?.id ?? null, model, usage, cost }, now)
}
