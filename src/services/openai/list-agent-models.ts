import { and, asc, eq } from 'drizzle-orm'
import type { Ctx } from '#services/context'

/** Models that a list names; more are found by their id all the same. */
const MAX_MODELS = 1_000

/** A model as OpenAI's clients list it. */
export interface ListedModel {
  readonly id: string
  readonly object: 'model'
  /** Unix seconds. */
  readonly created: number
  readonly owned_by: string
}

/** The workspace's active agents, by their slugs. */
export async function listAgentModels({ db, principal }: Ctx): Promise<ListedModel[]> {
  const { agents } = db.tables
  const rows = await db
    .select({ slug: agents.slug, createdAt: agents.created_at })
    .from(agents)
    .where(and(eq(agents.workspace_id, principal.workspaceId), eq(agents.status, 'active')))
    .orderBy(asc(agents.slug))
    .limit(MAX_MODELS)
  return rows.map(({ slug: id, createdAt }) => ({
    id,
    object: 'model',
    created: Math.floor(createdAt.getTime() / 1_000),
    owned_by: 'workspace',
  }))
}
