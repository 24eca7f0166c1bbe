import { createHash } from 'node:crypto'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { RunResponse } from '#core/workflow/event'
import { type ExecutionRecord, toExecution } from '#core/workflow/execution'
import type { NodeError } from '#core/workflow/node-error'
import type { RunOrder } from '#core/workflow/order'
import type { Plan } from '#core/workflow/plan'
import { startingAt } from '#core/workflow/starting-at'
import { type JsonObject, JsonTooLarge, measureJson } from '#lib/json'
import { err, ok } from '#lib/result'
import { formatTraceparent } from '#lib/trace'
import type { PublicCtx } from '#services/context'
import { findStarted } from '#services/executions/find-execution'
import { startAtOnce } from '#services/executions/start-at-once'
import { pinWorkflow } from '#services/executions/start-execution'
import { type Claim, claimId, findingClaimed } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileChecked } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import type { Hook } from './find-hook.ts'
import { isNoted, noteFailed, noteFired } from './note-trigger.ts'
import { publishedPlan } from './published-plan.ts'

/** What comes with one delivery, as JSON. */
const MAX_TRIGGER_BYTES = 1_048_576
/** Any repeat of a delivery is that delivery, whatever its bytes. */
const ANY_REQUEST = 'hook'

/** An execution that a delivery has started, with what it said where that is known already. */
export interface StartedHook {
  readonly execution: ExecutionRecord
  readonly response?: RunResponse | undefined
  /** Its actor has begun it just now, and knows what it says. */
  readonly isFresh?: true
}

/**
 * Starts the execution that a delivery asks for: the same one for the same `deliveryId` within 24 hours (P3). It is
 * durable when this returns (P1), in PostgreSQL where it has completed at once, else in its actor.
 *
 * @param trigger what nodes read as `$trigger`
 * @throws AppError `body_too_large`; `hook_unavailable` when what is published cannot run; `workflow_invalid` for a draft
 */
export async function startHook(
  ctx: PublicCtx,
  hook: Hook,
  trigger: JsonObject,
  deliveryId: string | undefined,
): Promise<StartedHook> {
  refuseTooLarge(trigger)
  const { workspaceId, triggerId: id } = hook
  const note = (executionId: string): void => {
    if (isNoted(hook.firedAt, ctx.now())) return
    ctx.later(() => noteFired(ctx.db, { id, workspaceId }, executionId, ctx.now()))
  }
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const delivery = deliveryId === undefined ? undefined : toClaim(hook, deliveryId, minted)
  const prepared = await prepare(ctx, hook).then(ok, err)
  const started = prepared.ok
    ? await runHookAtOnce(ctx, toOrder(ctx, hook, trigger, minted, prepared.value), delivery)
    : undefined
  if (started !== undefined) {
    note(minted)
    return started
  }
  const known = delivery && (await findRepeated(ctx, delivery))
  if (known?.execution !== undefined) return { execution: known.execution }
  if (!prepared.ok) throw prepared.error
  const executionId = known?.id ?? minted
  const execution = await workflowRun(ctx.env, executionId).start(
    toOrder(ctx, hook, trigger, executionId, prepared.value),
  )
  ctx.turn.leaveToWork()
  note(executionId)
  return { execution, isFresh: true }
}

/** undefined where it needs its actor, also because another delivery of the same id came first. */
async function runHookAtOnce(
  ctx: PublicCtx,
  order: RunOrder,
  claim: Claim | undefined,
): Promise<StartedHook | undefined> {
  const run = await startAtOnce(ctx, order, claim)
  if (run === undefined) return undefined
  return { execution: toExecution(run.header, run.state), response: run.state.response }
}

/** The execution that a delivery has, and its record where it was started before. */
async function findRepeated(ctx: PublicCtx, { workspaceId, userId, id, ...key }: Claim) {
  // One that began at once is known by now, without a write for each repeat.
  const [found] = await findingClaimed(ctx.db, { workspaceId, userId, ...key })
  const claimed = found?.id ?? (await claimId({ db: ctx.db, principal: { workspaceId, userId } }, key, () => id))
  if (claimed === id) return { id, execution: undefined }
  const execution = await findStarted({ env: ctx.env, db: ctx.db, principal: { workspaceId } }, claimed)
  return { id: claimed, execution }
}

function toOrder(ctx: PublicCtx, hook: Hook, trigger: JsonObject, executionId: string, prepared: Prepared): RunOrder {
  const { plan, version, vars, refusal } = prepared
  const { workspaceId, workflowId, workflowName } = hook
  const origin = {
    trigger: 'webhook',
    createdBy: null,
    createdAt: ctx.now(),
    traceparent: formatTraceparent(ctx.trace),
  }
  const header = { executionId, workspaceId, workflowId, workflowName, version, ...origin, vars }
  return { plan, inputs: trigger, refusal, header }
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
function toClaim({ kind, workspaceId, triggerId }: Hook, deliveryId: string, id: string): Claim {
  const key = createHash('sha256')
    .update(JSON.stringify([kind, deliveryId]))
    .digest('hex')
  return { workspaceId, userId: triggerId, key, requestHash: ANY_REQUEST, id }
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
    const plan = publishedPlan(hook, published)
    const refusal = await findRefusal(scope, published.definition)
    return { plan, version: published.version, vars: await snapshotVariables(scope, plan), refusal }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // What is wrong with a workflow is its owner's business, not the caller's.
    ctx.later(() => noteFailed(ctx.db, { id, workspaceId }, error.code, ctx.now()))
    throw new AppError('hook_unavailable', { cause: error })
  }
}
