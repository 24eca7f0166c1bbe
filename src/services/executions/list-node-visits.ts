import { and, asc, eq } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { NodeVisit } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { findActor, findExecution } from './find-execution.ts'
import { inLocale, toNodeVisitView } from './to-execution.ts'

/**
 * What each node did, in order of time: from the actor while the execution lives, from PostgreSQL afterwards.
 *
 * @throws AppError `not_found`
 */
export async function listNodeVisits(
  ctx: Ctx,
  id: string,
  { node_id, ...paging }: Paging & { readonly node_id?: string | undefined },
): Promise<Page<NodeVisit>> {
  const execution = await findExecution(ctx, id)
  const projected = isFinal(execution.status) ? await readProjected(ctx, id) : []
  // Between its end and its projection a finished execution has rows with its actor alone.
  const all = projected.length > 0 ? projected : await findActor(ctx, id)?.visits(ctx.principal.workspaceId)
  const visits = (all ?? []).filter((visit) => node_id === undefined || visit.node_id === node_id)
  const start = (paging.page - 1) * paging.size
  const items = visits.slice(start, start + paging.size).map((visit) => inLocale(visit, ctx.locale))
  return toPage(items, visits.length, paging)
}

async function readProjected(ctx: Ctx, id: string): Promise<NodeVisit[]> {
  const { executionVisits } = ctx.db.tables
  const rows = await ctx.db
    .select()
    .from(executionVisits)
    .where(and(eq(executionVisits.execution_id, id), eq(executionVisits.workspace_id, ctx.principal.workspaceId)))
    .orderBy(asc(executionVisits.ordinal))
  return rows.map(toNodeVisitView)
}
