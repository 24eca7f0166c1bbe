import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import { type ExecutionRecord, toExecution } from '#core/workflow/execution'
import type { Definition } from '#core/workflow/graph'
import type { RunOrder } from '#core/workflow/order'
import { withoutPins } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { startingByHand } from '#core/workflow/starting-at'
import type { ExecuteInput } from '#core/workflow/workflow'
import { err, ok } from '#lib/result'
import { formatTraceparent } from '#lib/trace'
import type { Ctx } from '#services/context'
import { claimId, findingClaimed, type Idempotency } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { keepDraft, type KeepCtx } from '#services/workflow-versions/keep-draft'
import { compileChecked } from '#services/workflows/compile-or-refuse'
import { findStarted } from './find-execution.ts'
import { scopedOrRefuse } from './scoped-or-refuse.ts'
import { startAtOnce } from './start-at-once.ts'

/** How an execution is started. */
export interface Starting {
  /** What started it, e.g. `manual`. */
  readonly trigger: string
  readonly idempotency?: Idempotency | undefined
  /** Whoever starts it wants its end and follows nothing: where it completes at once no actor is made. */
  readonly isAwaited: boolean
}

/**
 * Starts an execution: of the saved draft, kept as an immutable version, or of the version that is named. It is
 * durable when this returns (P1): in its actor, or in PostgreSQL where it has completed at once.
 *
 * @throws AppError `not_found`; `workflow_invalid` with every problem of the graph; `validation_failed` for a part of
 *   the graph that there is not; `variables_too_large`
 */
export async function startExecution(
  ctx: Ctx,
  workflowId: string,
  input: ExecuteInput,
  { trigger, idempotency, isAwaited }: Starting,
): Promise<ExecutionRecord> {
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const order = (): Promise<Unnamed> => toOrder(ctx, workflowId, input, trigger)
  // A repeat is known before the draft is read, since that keeps it.
  if (!isAwaited || (idempotency !== undefined && (await isClaimed(ctx, idempotency)))) {
    return startClaimed(ctx, idempotency, minted, order)
  }
  const ordered = await order().then(ok, err)
  if (ordered.ok) {
    const { workspaceId, userId } = ctx.principal
    const claim = idempotency && { ...idempotency, workspaceId, userId, id: minted }
    const completed = await startAtOnce(ctx, withId(ordered.value, minted), claim)
    if (completed !== undefined) return toExecution(completed.header, completed.state)
  }
  return startClaimed(ctx, idempotency, minted, async () => {
    if (!ordered.ok) throw ordered.error
    return ordered.value
  })
}

/** What is to run, before it is known under which id. */
type Unnamed = Omit<RunOrder, 'header'> & { readonly header: Omit<RunOrder['header'], 'executionId'> }

function withId({ header, ...order }: Unnamed, executionId: string): RunOrder {
  return { ...order, header: { ...header, executionId } }
}

async function isClaimed({ db, principal: { workspaceId, userId } }: Ctx, { key }: Idempotency): Promise<boolean> {
  const [found] = await findingClaimed(db, { workspaceId, userId, key })
  return found !== undefined
}

/** In its actor, under the id that stands under the key. A repeat answers what it did, whatever has become of the workflow since. */
async function startClaimed(
  ctx: Ctx,
  idempotency: Idempotency | undefined,
  minted: string,
  order: () => Promise<Unnamed>,
): Promise<ExecutionRecord> {
  const id = await claimId(ctx, idempotency, () => minted)
  const known = id === minted ? undefined : await findStarted(ctx, id)
  if (known !== undefined) return known
  const started = await workflowRun(ctx.env, id).start(withId(await order(), id))
  ctx.turn.leaveToWork()
  return started
}

async function toOrder(ctx: Ctx, workflowId: string, input: ExecuteInput, trigger: string): Promise<Unnamed> {
  const pinned = await pinWorkflow(ctx, workflowId, input.version)
  const plan = await toPlan(ctx, pinned.definition, input)
  return {
    plan,
    inputs: input.inputs,
    header: {
      workspaceId: ctx.principal.workspaceId,
      workflowId: pinned.id,
      workflowName: pinned.name,
      version: pinned.version,
      trigger,
      createdBy: ctx.principal.userId,
      createdAt: ctx.now(),
      traceparent: formatTraceparent(ctx.trace),
      vars: await snapshotVariables(ctx, plan),
    },
  }
}

async function toPlan(ctx: Ctx, definition: Definition, { version, ...scope }: ExecuteInput): Promise<Plan> {
  const whole = startingByHand(await compileChecked(ctx, definition))
  // Whoever tries a draft out may have pinned outputs; a version that is named runs as it is.
  return scopedOrRefuse(version === undefined ? whole : withoutPins(whole), scope)
}

interface Pinned {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly definition: Definition
}

/**
 * The workflow as it will run: its saved draft, kept as an immutable version, or the version that is named.
 *
 * @throws AppError `not_found`
 */
export function pinWorkflow(ctx: KeepCtx, workflowId: string, version?: number): Promise<Pinned> {
  return version === undefined ? pinDraft(ctx, workflowId) : findVersion(ctx, workflowId, version)
}

/**
 * The workflow as another one runs it: its published version, else its saved draft.
 *
 * @throws AppError `not_found`
 */
export async function pinPublished(ctx: KeepCtx, workflowId: string): Promise<Pinned> {
  const { workflows } = ctx.db.tables
  const [found] = await ctx.db
    .select({ version: workflows.published_version })
    .from(workflows)
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, ctx.principal.workspaceId)))
  return pinWorkflow(ctx, workflowId, found?.version ?? undefined)
}

/** The draft, written down as a version in the same statement, unless it is there already. */
async function pinDraft(ctx: KeepCtx, workflowId: string): Promise<Pinned> {
  const { workflows, workflowVersions } = ctx.db.tables
  const kept = ctx.db.$with('kept').as(keepDraft(ctx, workflowId).returning({ version: workflowVersions.version }))
  const [found] = await ctx.db
    .with(kept)
    .select({ id: workflows.id, name: workflows.name, version: workflows.version, definition: workflows.definition })
    .from(workflows)
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, ctx.principal.workspaceId)))
  if (found === undefined) throw new AppError('not_found')
  return found
}

async function findVersion(ctx: KeepCtx, workflowId: string, version: number): Promise<Pinned> {
  const { workflows, workflowVersions } = ctx.db.tables
  const [found] = await ctx.db
    .select({
      id: workflows.id,
      name: workflows.name,
      version: workflowVersions.version,
      definition: workflowVersions.definition,
    })
    .from(workflowVersions)
    .innerJoin(workflows, eq(workflows.id, workflowVersions.workflow_id))
    .where(
      and(
        eq(workflows.id, workflowId),
        eq(workflows.workspace_id, ctx.principal.workspaceId),
        eq(workflowVersions.version, version),
      ),
    )
  if (found === undefined) throw new AppError('not_found')
  return found
}
