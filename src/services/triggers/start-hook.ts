import { createHash } from 'node:crypto'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { ExecutionRecord } from '#core/workflow/execution'
import type { NodeError } from '#core/workflow/node-error'
import { withoutPins } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { startingAt } from '#core/workflow/starting-at'
import { type JsonObject, JsonTooLarge, measureJson } from '#lib/json'
import { formatTraceparent } from '#lib/trace'
import type { PublicCtx } from '#services/context'
import { findStarted } from '#services/executions/find-execution'
import { pinWorkflow } from '#services/executions/start-execution'
import { claimId } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileChecked, compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import type { Hook } from './find-hook.ts'
import { noteFailed, noteFired } from './note-trigger.ts'

/** What comes with one delivery, as JSON. */
const MAX_TRIGGER_BYTES = 1_048_576
/** Any repeat of a delivery is that delivery, whatever its bytes. */
const ANY_REQUEST = 'hook'

/**
 * Starts the execution that a delivery asks for: the same one for the same `deliveryId` within 24 hours (P3). It is
 * durable when this returns (P1).
 *
 * @param trigger what nodes read as `$trigger`
 * @throws AppError `body_too_large`; `hook_unavailable` when what is published cannot run; `workflow_invalid` for a draft
 */
export async function startHook(
  ctx: PublicCtx,
  hook: Hook,
  trigger: JsonObject,
  deliveryId: string | undefined,
): Promise<ExecutionRecord> {
  refuseTooLarge(trigger)
  const { workspaceId, triggerId: id } = hook
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const executionId = deliveryId === undefined ? minted : await claim(ctx, hook, deliveryId, minted)
  const run = workflowRun(ctx.env, executionId)
  const known =
    executionId === minted
      ? undefined
      : await findStarted({ env: ctx.env, db: ctx.db, principal: { workspaceId } }, executionId)
  if (known !== undefined) return known
  const { plan, version, vars, refusal } = await prepare(ctx, hook)
  const started = await run.start({
    plan,
    inputs: trigger,
    refusal,
    header: {
      executionId,
      workspaceId,
      workflowId: hook.workflowId,
      workflowName: hook.workflowName,
      version,
      trigger: 'webhook',
      createdBy: null,
      createdAt: ctx.now(),
      traceparent: formatTraceparent(ctx.trace),
      vars,
    },
  })
  ctx.later(() => noteFired(ctx.db, { id, workspaceId }, executionId, ctx.now()))
  return started
}

function refuseTooLarge(trigger: JsonObject): void {
  try {
    measureJson(trigger, MAX_TRIGGER_BYTES)
  } catch (error) {
    if (error instanceof JsonTooLarge) throw new AppError('body_too_large', { params: { limit: MAX_TRIGGER_BYTES } })
    throw error
  }
}

/** Among the keys of the webhook: nobody else's are like them. */
function claim({ db }: PublicCtx, { kind, workspaceId, triggerId }: Hook, deliveryId: string, id: string) {
  const key = createHash('sha256')
    .update(JSON.stringify([kind, deliveryId]))
    .digest('hex')
  const principal = { workspaceId, userId: triggerId }
  return claimId({ db, principal }, { key, requestHash: ANY_REQUEST }, () => id)
}

/** What runs, with what it needs to know. */
interface Prepared {
  readonly plan: Plan
  readonly version: number
  readonly vars: Record<string, string>
  readonly refusal?: NodeError | undefined
}

async function prepare(ctx: PublicCtx, hook: Hook): Promise<Prepared> {
  const { published, workspaceId, triggerId: id } = hook
  const scope = { db: ctx.db, principal: { workspaceId, userId: null } }
  if (published === undefined) {
    const { definition, version } = await pinWorkflow(scope, hook.workflowId)
    const plan = startingAt(await compileChecked(scope, definition), hook.nodeId)
    return { plan, version, vars: await snapshotVariables(scope, plan) }
  }
  try {
    const plan = startingAt(withoutPins(compileOrRefuse(published.definition)), hook.nodeId)
    const refusal = await findRefusal(scope, published.definition)
    return { plan, version: published.version, vars: await snapshotVariables(scope, plan), refusal }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // What is wrong with a workflow is its owner's business, not the caller's.
    ctx.later(() => noteFailed(ctx.db, { id, workspaceId }, error.code, ctx.now()))
    throw new AppError('hook_unavailable', { cause: error })
  }
}
