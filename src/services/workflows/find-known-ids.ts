import { and, eq, inArray } from 'drizzle-orm'
import type { ResourceKind } from '#core/workflow/references'
import type { Ctx } from '#services/context'

type LookupCtx = Pick<Ctx, 'db'> & { readonly principal: Pick<Ctx['principal'], 'workspaceId'> }

/** By kind: which of these ids are the workspace's. */
const LOOKUPS: Record<ResourceKind, (ctx: LookupCtx, ids: readonly string[]) => Promise<{ readonly id: string }[]>> = {
  workflow({ db, principal }, ids) {
    const { workflows } = db.tables
    return db
      .select({ id: workflows.id })
      .from(workflows)
      .where(and(eq(workflows.workspace_id, principal.workspaceId), inArray(workflows.id, [...ids])))
  },
  file({ db, principal }, ids) {
    const { files } = db.tables
    return db
      .select({ id: files.id })
      .from(files)
      .where(and(eq(files.workspace_id, principal.workspaceId), inArray(files.id, [...ids])))
  },
  agent({ db, principal }, ids) {
    const { agents } = db.tables
    return db
      .select({ id: agents.id })
      .from(agents)
      .where(and(eq(agents.workspace_id, principal.workspaceId), inArray(agents.id, [...ids])))
  },
}

/** Of these ids of things of one kind those that the workspace has. */
export async function findKnownIds(
  ctx: LookupCtx,
  kind: ResourceKind,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = ids.length === 0 ? [] : await LOOKUPS[kind](ctx, ids)
  return new Set(found.map(({ id }) => id))
}
