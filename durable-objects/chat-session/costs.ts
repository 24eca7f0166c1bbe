import { toEntry, toUsage } from '#core/chat/ledger'
import type { ChatEvent, ChatHeader, Turn } from '#core/chat/turn'
import type { UsageEntry } from '#core/usage/usage-entry'
import { newId } from '#lib/ids'
import type { Summary } from '#services/agents/summarize'
import type { KeptSummary } from './open-context.ts'
import type { ChatStorage } from './storage.ts'

/** What a turn costs beside its own steps; each method is one commit. */
export interface Costs {
  /** Keeps what stands for older messages from now on, and what it cost. */
  keepSummary(turn: Turn, summary: KeptSummary, made: Pick<Summary, 'usage' | 'cost'>): void
  /** Keeps what another agent took that was asked in the turn. */
  keepSpent(turn: Turn, agentId: string, paid: Pick<UsageEntry, 'model' | 'usage' | 'cost'>): void
}

/** @param commit see `ChatBook` */
export function createCosts(
  header: ChatHeader,
  storage: Pick<ChatStorage, 'setSummary' | 'spent'>,
  commit: (events: readonly ChatEvent[], write: () => void) => void,
): Costs {
  return {
    keepSummary(turn, summary, { usage, cost }) {
      const event = { type: 'step_finished', reason: 'stop', usage, cost, model: turn.agent?.models[0] ?? '' } as const
      const entry = toUsage(header, turn, event, 0, Date.now())
      commit([], () => {
        storage.setSummary(summary)
        if (entry !== undefined) storage.spent.add({ ...entry, key: `${turn.id}/summary/${summary.upTo}` })
      })
    },
    keepSpent(turn, agentId, { model, usage, cost }) {
      const paid = { key: `asked/${newId()}`, agent_id: agentId, model, usage, cost }
      commit([], () => storage.spent.add(toEntry(header, turn, paid, Date.now())))
    },
  }
}
