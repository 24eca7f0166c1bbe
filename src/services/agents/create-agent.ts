import type { Agent, AgentInput } from '#core/agent/agent'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { checkAgent } from './check-agent.ts'
import { insertAgent } from './insert-agent.ts'

/**
 * Makes an agent; its first settings are version 1.
 *
 * @throws AppError `validation_failed` with every problem of instructions and tools; `slug_taken`
 */
export async function createAgent(ctx: Ctx, input: AgentInput, idempotency?: Idempotency): Promise<Agent> {
  await checkAgent(ctx, input)
  const id = await claimId(ctx, idempotency)
  return insertAgent(ctx, id, input, { action: 'agent.created', details: { name: input.name } })
}
