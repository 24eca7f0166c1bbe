import { and, desc, eq, isNotNull, sql } from 'drizzle-orm'
import { type Page, type Paging, toPage } from '#core/page'
import { can } from '#core/permissions'
import type { Approval, ApprovalFilter } from '#core/workflow/approval'
import { mayDecide, OpenApproval } from '#core/workflow/waits'
import type { Ctx } from '#services/context'
import { findCallerNames } from './find-caller-names.ts'

/**
 * What people are to decide in the workspace, of the newest execution first. May lag the actors by moments.
 */
export async function listApprovals(ctx: Ctx, filter: ApprovalFilter & Paging): Promise<Page<Approval>> {
  const { executions } = ctx.db.tables
  const { scope, page, size } = filter
  const { names } = await findCallerNames(ctx)
  const mayRun = can(ctx.principal, 'executions:run')
  // A JSON text each, so that they are compared as they are stored.
  const texts = sql.join(
    names.map((name) => sql`lower(${JSON.stringify(name)})`),
    sql`, `,
  )
  const approvers = sql`approval.value -> 'approvers'`
  const isMine = sql`(json_array_length(${approvers}) = 0 or exists (select 1 from json_array_elements(${approvers}) as one(name) where lower(one.name::text) in (${texts})))`
  const wanted = and(
    eq(executions.workspace_id, ctx.principal.workspaceId),
    isNotNull(executions.approvals),
    scope === 'mine' ? isMine : undefined,
  )
  const each = sql`json_array_elements(${executions.approvals}) with ordinality as approval(value, ordinal)`
  const rows = await ctx.db
    .select({
      execution_id: executions.id,
      workflow_id: executions.workflow_id,
      approval: sql`approval.value`.mapWith(toOpenApproval),
    })
    .from(executions)
    .crossJoinLateral(each)
    .where(wanted)
    .orderBy(desc(executions.created_at), desc(executions.id), sql`approval.ordinal`)
    .limit(size)
    .offset((page - 1) * size)
  const [count] = await ctx.db
    .select({ total: sql`count(*)`.mapWith(Number) })
    .from(executions)
    .crossJoinLateral(each)
    .where(wanted)
  const items = rows.map(({ approval, ...execution }) => ({
    ...approval,
    ...execution,
    may_decide: mayRun && mayDecide(approval.approvers, names),
  }))
  return toPage(items, count?.total ?? 0, filter)
}

/** The transports differ in who parses JSON. */
function toOpenApproval(value: unknown): OpenApproval {
  return OpenApproval.parse(typeof value === 'string' ? JSON.parse(value) : value)
}
