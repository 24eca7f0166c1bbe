import type { AgentSnapshot } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import type { Db } from '#db/connect'
import { monthCost } from '#services/usage/month-cost'
import type { AgentModels } from './agent-facts.ts'

/**
 * Models that ask the ledger before each call whether the agent's month still allows one: turns that run at once
 * overspend the limit by no more than their calls under way cost, one for each turn.
 */
export function withinMonth(
  db: Db,
  workspaceId: string,
  { id, name, limits: { max_cost_per_month: limit } }: Pick<AgentSnapshot, 'id' | 'name' | 'limits'>,
  models: AgentModels,
): AgentModels {
  if (id === null || limit === null) return models
  return {
    ...models,
    async *stream(call, signal) {
      await models.settle?.()
      const spent = await monthCost(db, workspaceId, id, Date.now())
      if (spent >= limit) throw new AppError('agent_budget_reached', { params: { name, limit } })
      yield* models.stream(call, signal)
    },
  }
}
