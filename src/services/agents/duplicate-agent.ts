import type { Agent, AgentDuplicateInput } from '#core/agent/agent'
import { say } from '#core/messages'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findAgent } from './find-agent.ts'
import { insertAgent } from './insert-agent.ts'

const COPY_NAME = { pt: '{name} (cópia)', en: '{name} (copy)' }
const MAX_NAME_LENGTH = 255

/**
 * A new agent with the settings of another; versions and chats stay with that one.
 *
 * @throws AppError `not_found`
 */
export async function duplicateAgent(
  ctx: Ctx,
  agentId: string,
  { name }: AgentDuplicateInput,
  idempotency?: Idempotency,
): Promise<Agent> {
  const found = await findAgent(ctx, agentId)
  const { id: _id, workspace_id: _workspace, slug: _slug, version: _version, name: known, ...rest } = found
  const { model_provider: _provider, model_name: _model, created_at: _created, updated_at: _updated, ...input } = rest
  const id = await claimId(ctx, idempotency)
  const suffix = say(COPY_NAME, ctx.locale, { name: '' }).length
  const copyName = name ?? say(COPY_NAME, ctx.locale, { name: known.slice(0, MAX_NAME_LENGTH - suffix).toWellFormed() })
  const fact = { action: 'agent.duplicated', details: { name: copyName, of: agentId } } as const
  return insertAgent(ctx, id, { ...input, name: copyName }, fact)
}
