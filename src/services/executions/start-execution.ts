import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { ExecutionRecord } from '#core/workflow/execution'
import type { Definition } from '#core/workflow/graph'
import { withoutPins } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { startingByHand } from '#core/workflow/starting-at'
import type { ExecuteInput } from '#core/workflow/workflow'
import { formatTraceparent } from '#lib/trace'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { keepDraft, type KeepCtx } from '#services/workflow-versions/keep-draft'
import { compileChecked } from '#services/workflows/compile-or-refuse'
import { findStarted } from './find-execution.ts'
import { scopedOrRefuse } from './scoped-or-refuse.ts'

/**
 * Starts an execution: of the saved draft, kept as an immutable version, or of the version that is named. It is
 * durable when this returns (P1).
 *
 * @param trigger what started it, e.g. `manual`
 * @throws AppError `not_found`; `workflow_invalid` with every problem of the graph; `validation_failed` for a part of
 *   the graph that there is not; `variables_too_large`
 */
export async function startExecution(
  ctx: Ctx,
  workflowId: string,
  input: ExecuteInput,
  trigger: string,
  idempotency?: Idempotency,
): Promise<ExecutionRecord> {
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const id = await claimId(ctx, idempotency, () => minted)
  const run = workflowRun(ctx.env, id)
  // A repeat answers what it did, whatever has become of the workflow since.
  const known = id === minted ? undefined : await findStarted(ctx, id)
  if (known !== undefined) return known
  const pinned = await pinWorkflow(ctx, workflowId, input.version)
  const plan = await toPlan(ctx, pinned.definition, input)
  const started = await run.start({
    plan,
    inputs: input.inputs,
    header: {
      executionId: id,
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
  })
  ctx.turn.leaveToWork()
  return started
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
