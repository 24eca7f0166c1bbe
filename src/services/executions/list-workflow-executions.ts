import type { Page, Paging } from '#core/page'
import type { Execution, ExecutionFilter } from '#core/workflow/execution'
import type { Ctx } from '#services/context'
import { findWorkflow } from '#services/workflows/find-workflow'
import { listExecutions } from './list-executions.ts'

/**
 * A workflow's executions, newest first; those of a deleted one too.
 *
 * @throws AppError `not_found` for what is no workflow of this workspace and never ran in it
 */
export async function listWorkflowExecutions(
  ctx: Ctx,
  workflowId: string,
  filter: Omit<ExecutionFilter, 'workflow_id'> & Paging,
): Promise<Page<Execution>> {
  const page = await listExecutions(ctx, { ...filter, workflow_id: workflowId })
  if (page.total === 0) await findWorkflow(ctx, workflowId)
  return page
}
