import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { ExecutionRecord } from '#core/workflow/execution'
import { formatTraceparent } from '#lib/trace'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { checkReferences } from '#services/workflows/check-references'
import { toRefusal } from '#services/workflows/compile-or-refuse'
import { findExecution, findStarted } from './find-execution.ts'
import { findRetryOrder } from './find-retry-order.ts'
import { pinWorkflow } from './start-execution.ts'

/**
 * Goes on from where an execution failed, as a new one of the same version: what had been put out is not done again.
 * It is durable when this returns.
 *
 * @throws AppError `not_found`, also when its workflow was deleted; `execution_not_retryable` while it runs, when it has
 *   completed, and when its data are kept no more; `workflow_invalid` where the graph names what is there no more
 */
export async function retryExecution(ctx: Ctx, id: string, idempotency?: Idempotency): Promise<ExecutionRecord> {
  const { workspaceId, userId } = ctx.principal
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const retryId = await claimId(ctx, idempotency, () => minted)
  const run = workflowRun(ctx.env, retryId)
  const known = retryId === minted ? undefined : await findStarted(ctx, retryId)
  if (known !== undefined) return known
  const { workflow_id: workflowId, version, status } = await findExecution(ctx, id)
  const order = await findRetryOrder(ctx, id)
  if (order === undefined) throw new AppError('execution_not_retryable', { params: { status } })
  const { name: workflowName, definition } = await pinWorkflow(ctx, workflowId, version)
  // What was looked up at the first start may be gone.
  const problems = await checkReferences(ctx, definition)
  if (problems.length > 0) throw toRefusal(problems)
  return run.start({
    ...order,
    header: {
      executionId: retryId,
      workspaceId,
      workflowId,
      workflowName,
      version,
      trigger: 'retry',
      createdBy: userId,
      createdAt: ctx.now(),
      traceparent: formatTraceparent(ctx.trace),
      // As they are now: a wrong one may be why it failed.
      vars: await snapshotVariables(ctx, order.plan),
      retryOf: id,
    },
  })
}
