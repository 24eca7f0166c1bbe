import { and, desc, eq, gte, lte, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import type { Execution, ExecutionFilter } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { noteRecord } from './present-record.ts'
import { inLocale, toExecutionView } from './to-execution.ts'

const FIRST_MS = 0
const LAST_MS = Date.UTC(9999, 11, 31)

/** The workspace's executions, newest first. May lag the actors by moments. */
export async function listExecutions(ctx: Ctx, filter: ExecutionFilter & Paging): Promise<Page<Execution>> {
  const { executions } = ctx.db.tables
  const { workflow_id, status, trigger, parent_execution_id, retry_of, from, to, page, size } = filter
  const wanted = and(
    eq(executions.workspace_id, ctx.principal.workspaceId),
    workflow_id === undefined ? undefined : eq(executions.workflow_id, workflow_id),
    status === undefined ? undefined : eq(executions.status, status),
    trigger === undefined ? undefined : eq(executions.trigger, trigger),
    parent_execution_id === undefined ? undefined : eq(executions.parent_execution_id, parent_execution_id),
    retry_of === undefined ? undefined : eq(executions.retry_of, retry_of),
    from === undefined ? undefined : gte(executions.created_at, toMoment(from)),
    to === undefined ? undefined : lte(executions.created_at, toMoment(to)),
  )
  const total = ctx.db.$count(executions, wanted)
  const rows = await ctx.db
    .select({ row: executions, total: sql`${total}`.mapWith(Number) })
    .from(executions)
    .where(wanted)
    .orderBy(desc(executions.created_at), desc(executions.id))
    .limit(size)
    .offset((page - 1) * size)
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  const items = rows.map(({ row }) => inLocale(noteRecord(row.id, toExecutionView(row)), ctx.locale))
  return toPage(items, count, filter)
}

/** PostgreSQL has no year 0, and no execution is older than Unix or younger than four digits. */
function toMoment(text: string): Date {
  return new Date(Math.min(Math.max(Date.parse(text), FIRST_MS), LAST_MS))
}
