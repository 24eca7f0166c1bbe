import { eventDispatch } from '#actors'
import { newId } from '#lib/ids'
import { describeError, logLine } from '#lib/log'
import type { FinishPart } from '#llm/models'
import type { Ctx } from '#services/context'
import { recordUsage } from '#services/usage/record-usage'

/** An answer of a model, and in whose turn it was given. */
export interface Paid {
  readonly finish: FinishPart
  readonly agentId: string | null
}

/** An answer that was paid for is given, also when the ledger cannot be reached: then the log has it. */
export async function pay(ctx: Ctx, paid: readonly Paid[]): Promise<void> {
  const { workspaceId, userId } = ctx.principal
  const entries = paid.map(({ finish: { model, usage, cost }, agentId }) => ({
    key: `api/${newId()}`,
    model,
    usage,
    cost,
    at: ctx.now(),
    source: 'api' as const,
    user_id: userId,
    execution_id: null,
    node_id: null,
    chat_id: null,
    agent_id: agentId,
  }))
  try {
    const isReached = await recordUsage(ctx.db, workspaceId, entries)
    if (isReached) ctx.later(() => eventDispatch(ctx.env, workspaceId).poke(workspaceId))
  } catch (error) {
    logLine('error', {
      event: 'usage_lost',
      request_id: ctx.requestId,
      entries: JSON.stringify(entries),
      error: describeError(error),
    })
  }
}
