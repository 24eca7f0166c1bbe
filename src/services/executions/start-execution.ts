import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { Execution } from '#core/workflow/execution'
import type { Definition } from '#core/workflow/graph'
import { withoutPins } from '#core/workflow/partial'
import type { ExecuteInput } from '#core/workflow/workflow'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { keepDraft, type KeepCtx } from '#services/workflow-versions/keep-draft'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findProjected } from './find-execution.ts'

/**
 * Starts an execution: of the saved draft, kept as an immutable version, or of the version that is named. It is
 * durable when this returns (P1).
 *
 * @param trigger what started it, e.g. `manual`
 * @throws AppError `not_found`; `workflow_invalid` with every problem of the graph
 */
export async function startExecution(
  ctx: Ctx,
  workflowId: string,
  { inputs, version }: ExecuteInput,
  trigger: string,
  idempotency?: Idempotency,
): Promise<Execution> {
  const minted = sealedId(ctx.config.SECRET_KEY, ctx.now())
  const id = await claimId(ctx, idempotency, () => minted)
  const run = workflowRun(ctx.env, id)
  // A repeat answers what it did, whatever has become of the workflow since.
  const known = id === minted ? undefined : await findKnown(ctx, id)
  if (known !== undefined) return known
  const pinned = await pinWorkflow(ctx, workflowId, version)
  return run.start({
    // Whoever tries a draft out may have pinned outputs; a version that is named runs as it is.
    plan: version === undefined ? compileOrRefuse(pinned.definition) : withoutPins(compileOrRefuse(pinned.definition)),
    inputs,
    header: {
      executionId: id,
      workspaceId: ctx.principal.workspaceId,
      workflowId: pinned.id,
      workflowName: pinned.name,
      version: pinned.version,
      trigger,
      createdBy: ctx.principal.userId,
      createdAt: ctx.now(),
    },
  })
}

/** An execution that was started before: its actor is emptied some time after its end, and would begin again. */
async function findKnown(ctx: Ctx, id: string): Promise<Execution | undefined> {
  const live = await workflowRun(ctx.env, id).describe(ctx.principal.workspaceId)
  return live ?? findProjected(ctx, id)
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
