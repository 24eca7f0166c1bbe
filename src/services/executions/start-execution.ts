import { and, eq, sql } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import { compile } from '#core/workflow/compile'
import type { Execution } from '#core/workflow/execution'
import type { Definition } from '#core/workflow/graph'
import { withoutPins } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { GRAPH_PROBLEMS, type GraphProblem } from '#core/workflow/problems'
import type { ExecuteInput } from '#core/workflow/workflow'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'

/**
 * Starts an execution: of the saved draft, kept as an immutable version, or of the version that is named. It is
 * durable when this returns (P1).
 *
 * @param trigger what started it, e.g. `manual`
 * @throws AppError `not_found`; `workflow_invalid` with every problem of the graph; `variables_too_large`
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
  const known = id === minted ? undefined : await run.describe(ctx.principal.workspaceId)
  if (known !== undefined) return known
  const pinned = await pinWorkflow(ctx, workflowId, version)
  const compiled = compileOrRefuse(pinned.definition)
  // Whoever tries a draft out may have pinned outputs; a version that is named runs as it is.
  const plan = version === undefined ? compiled : withoutPins(compiled)
  return run.start({
    plan,
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
      vars: await snapshotVariables(ctx, plan),
    },
  })
}

interface Pinned {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly definition: Definition
}

/** Who pins, and where: a person, or an execution on behalf of one. */
interface PinCtx extends Pick<Ctx, 'db'> {
  readonly principal: { readonly workspaceId: string; readonly userId: string | null }
}

/**
 * The workflow as it will run: its saved draft, kept as an immutable version, or the version that is named.
 *
 * @throws AppError `not_found`
 */
export function pinWorkflow(ctx: PinCtx, workflowId: string, version?: number): Promise<Pinned> {
  return version === undefined ? pinDraft(ctx, workflowId) : findVersion(ctx, workflowId, version)
}

/** The draft, written down as a version in the same statement, unless it is there already. */
async function pinDraft(ctx: PinCtx, workflowId: string): Promise<Pinned> {
  const { workflows, workflowVersions } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  const draft = ctx.db.$with('draft').as(
    ctx.db
      .select({
        id: workflows.id,
        name: workflows.name,
        version: workflows.version,
        workspace_id: workflows.workspace_id,
        definition: workflows.definition,
      })
      .from(workflows)
      .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, workspaceId))),
  )
  const kept = ctx.db.$with('kept').as(
    ctx.db
      .insert(workflowVersions)
      .select((query) =>
        query
          .select({
            workflow_id: draft.id,
            version: draft.version,
            workspace_id: draft.workspace_id,
            definition: draft.definition,
            created_by: sql`${userId}::uuid`.as('created_by'),
            created_at: sql`now()`.as('created_at'),
          })
          .from(draft),
      )
      .onConflictDoNothing()
      .returning({ version: workflowVersions.version }),
  )
  const [found] = await ctx.db
    .with(draft, kept)
    .select({ id: draft.id, name: draft.name, version: draft.version, definition: draft.definition })
    .from(draft)
  if (found === undefined) throw new AppError('not_found')
  return found
}

async function findVersion(ctx: PinCtx, workflowId: string, version: number): Promise<Pinned> {
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

/** @throws AppError `workflow_invalid` with every problem of the graph */
export function compileOrRefuse(definition: Definition): Plan {
  const compiled = compile(definition, catalog)
  if (compiled.ok) return compiled.value
  throw new AppError('workflow_invalid', { problems: compiled.error.map(toInputProblem) })
}

function toInputProblem({ code, params, nodeId, edgeId, path = '' }: GraphProblem) {
  const place = nodeId === undefined ? (edgeId === undefined ? '' : `/edges/${edgeId}`) : `/nodes/${nodeId}`
  return { pointer: `/definition${place}${path}`, sentence: GRAPH_PROBLEMS[code], params }
}
