import { and, eq } from 'drizzle-orm'
import { type AgentSnapshot, ModelReference } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import { isUuid } from '#lib/ids'
import { findAgentSnapshot } from '#services/agents/find-agent-snapshot'
import { demand } from '#services/auth/demand'
import type { Ctx } from '#services/context'

/**
 * Who answers where a client names a model: the agent of this id or slug, or a model without an agent.
 *
 * @throws AppError `completion_model_unknown`; `agent_inactive`, `agent_budget_reached`; `forbidden` and its kind
 */
export async function findModelAgent(ctx: Ctx, model: string): Promise<AgentSnapshot> {
  if (model.includes('/')) {
    const reference = ModelReference.safeParse(model)
    if (!reference.success) throw unknown(model)
    demand(ctx.principal, 'llm:use')
    return { ...(await findAgentSnapshot(ctx, null)), name: model, models: [reference.data] }
  }
  const id = isUuid(model) ? model.toLowerCase() : await findIdOf(ctx, model)
  if (id === undefined) throw unknown(model)
  return findAgentSnapshot(ctx, id).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'not_found' ? unknown(model) : error
  })
}

function unknown(model: string): AppError {
  return new AppError('completion_model_unknown', { params: { model: model.slice(0, 100) } })
}

async function findIdOf({ db, principal }: Ctx, slug: string): Promise<string | undefined> {
  const { agents } = db.tables
  const [row] = await db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.workspace_id, principal.workspaceId), eq(agents.slug, slug)))
  return row?.id
}
