import { can } from '#core/permissions'
import type { Approval } from '#core/workflow/approval'
import { mayDecide, OpenApproval } from '#core/workflow/waits'
import type { Ctx } from '#services/context'
import { findActor, findExecution } from './find-execution.ts'
import { findCallerNames } from './find-caller-names.ts'

/** Each item of a loop may ask. */
const MAX_LISTED = 500

/**
 * What people are to decide in an execution, as it stands now, oldest first.
 *
 * @throws AppError `not_found`
 */
export async function listExecutionApprovals(ctx: Ctx, id: string): Promise<Approval[]> {
  const { workflow_id } = await findExecution(ctx, id)
  const { names } = await findCallerNames(ctx)
  const mayRun = can(ctx.principal, 'executions:run')
  const waits = (await findActor(ctx, id)?.waits(ctx.principal.workspaceId)) ?? []
  return waits
    .filter(({ wait }) => wait['for'] === 'approval')
    .slice(0, MAX_LISTED)
    .map(({ wait, ...visit }) => OpenApproval.parse({ ...wait, ...visit }))
    .map((approval) => ({
      ...approval,
      execution_id: id,
      workflow_id,
      may_decide: mayRun && mayDecide(approval.approvers, names),
    }))
}
