import { and, asc, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { type Page, type Paging, toPage } from '#core/page'
import type { NodeVisit } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findActor, findProjected, hasEnded } from './find-execution.ts'
import { inLocale, toNodeVisitView } from './to-execution.ts'

interface VisitFilter extends Paging {
  readonly node_id?: string | undefined
}

/**
 * What each node did, in order of time: from the actor while the execution lives, from PostgreSQL afterwards.
 *
 * @throws AppError `not_found`
 */
export async function listNodeVisits(ctx: Ctx, id: string, filter: VisitFilter): Promise<Page<NodeVisit>> {
  const page = hasEnded(await findProjected(ctx, id)) ? readProjected(ctx, id, filter) : readLive(ctx, id, filter)
  const { items, total } = await page
  const localized = items.map((visit) => inLocale(visit, ctx.locale))
  return toPage(localized, total, filter)
}

interface Visits {
  readonly items: readonly NodeVisit[]
  readonly total: number
}

async function readLive(ctx: Ctx, id: string, { node_id, page, size }: VisitFilter): Promise<Visits> {
  const all = await findActor(ctx, id)?.visits(ctx.principal.workspaceId)
  if (all === undefined) throw new AppError('not_found')
  const visits = all.filter((visit) => node_id === undefined || visit.node_id === node_id)
  return { items: visits.slice((page - 1) * size, page * size), total: visits.length }
}

async function readProjected(ctx: Ctx, id: string, { node_id, page, size }: VisitFilter): Promise<Visits> {
  const { executionVisits } = ctx.db.tables
  const wanted = and(
    eq(executionVisits.execution_id, id),
    eq(executionVisits.workspace_id, ctx.principal.workspaceId),
    node_id === undefined ? undefined : eq(executionVisits.node_id, node_id),
  )
  const rows = ctx.db
    .select()
    .from(executionVisits)
    .where(wanted)
    .orderBy(asc(executionVisits.ordinal))
    .limit(size)
    .offset((page - 1) * size)
  const [items, total] = await Promise.all([rows, ctx.db.$count(executionVisits, wanted)])
  return { items: items.map(toNodeVisitView), total }
}
