import { and, asc, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { type Page, type Paging, toPage } from '#core/page'
import type { NodeVisit } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findActor, findProjected, hasEnded } from './find-execution.ts'
import { ANSWER_BYTES } from './present-record.ts'
import { type BoundVisit, boundVisit, presentVisits } from './present-visits.ts'
import { inLocale, toNodeVisitView } from './to-execution.ts'

interface SomeVisits {
  readonly items: readonly BoundVisit[]
  readonly total: number
}

interface VisitFilter extends Paging {
  readonly node_id?: string | undefined
  readonly visit?: number | undefined
}

/**
 * What each node did, in order of time: from the actor while the execution lives, from PostgreSQL afterwards.
 *
 * @throws AppError `not_found`
 */
export async function listNodeVisits(ctx: Ctx, id: string, filter: VisitFilter): Promise<Page<NodeVisit>> {
  const page = hasEnded(await findProjected(ctx, id)) ? readProjected(ctx, id, filter) : readLive(ctx, id, filter)
  const { items, total } = await page
  const presented = await presentVisits(ctx, id, items)
  return toPage(
    presented.map((visit) => inLocale(visit, ctx.locale)),
    total,
    filter,
  )
}

/** The actor gives as many as pass from one worker to another: large ones are asked for again and again. */
async function readLive(ctx: Ctx, id: string, { node_id, visit, page, size }: VisitFilter): Promise<SomeVisits> {
  const actor = findActor(ctx, id)
  const first = (page - 1) * size
  const items: BoundVisit[] = []
  const allowance = { bytesLeft: ANSWER_BYTES }
  for (;;) {
    const range = { nodeId: node_id, visit, offset: first + items.length, limit: size - items.length }
    const some = await actor?.visits(ctx.principal.workspaceId, range)
    // Emptied since the question whether it has ended: then PostgreSQL has them all.
    if (some === undefined && hasEnded(await findProjected(ctx, id))) {
      return readProjected(ctx, id, { node_id, visit, page, size })
    }
    if (some === undefined) throw new AppError('not_found')
    // What is beyond the answer is let go of at once: there may be much more of it.
    items.push(...some.items.map((item) => boundVisit(id, item, allowance)))
    if (some.items.length === 0 || items.length === size) return { items, total: some.total }
  }
}

async function readProjected(ctx: Ctx, id: string, { node_id, visit, page, size }: VisitFilter): Promise<SomeVisits> {
  const { executionVisits } = ctx.db.tables
  const wanted = and(
    eq(executionVisits.execution_id, id),
    eq(executionVisits.workspace_id, ctx.principal.workspaceId),
    node_id === undefined ? undefined : eq(executionVisits.node_id, node_id),
    visit === undefined ? undefined : eq(executionVisits.visit, visit),
  )
  const rows = ctx.db
    .select()
    .from(executionVisits)
    .where(wanted)
    .orderBy(asc(executionVisits.ordinal))
    .limit(size)
    .offset((page - 1) * size)
  const [items, total] = await Promise.all([rows, ctx.db.$count(executionVisits, wanted)])
  const allowance = { bytesLeft: ANSWER_BYTES }
  return { items: items.map((row) => boundVisit(id, toNodeVisitView(row), allowance)), total }
}
