import { and, eq } from 'drizzle-orm'
import { workflowRun, type WorkflowRunActor } from '#actors'
import { isSealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { Execution } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { inLocale, toExecutionView } from './to-execution.ts'

/**
 * An execution as it stands now: from PostgreSQL once it has ended, from its actor while it lives.
 *
 * @throws AppError `not_found`, also for another workspace's
 */
export async function findExecution(ctx: Ctx, id: string): Promise<Execution> {
  const projected = await findProjected(ctx, id)
  if (hasEnded(projected)) return inLocale(projected, ctx.locale)
  const live = await findActor(ctx, id)?.describe(ctx.principal.workspaceId)
  const execution = live ?? projected
  if (execution === undefined) throw new AppError('not_found')
  return inLocale(execution, ctx.locale)
}

interface StartedCtx extends Pick<Ctx, 'env' | 'db'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId'>
}

/** The projected row, or undefined while there is none. */
export async function findProjected(ctx: Omit<StartedCtx, 'env'>, id: string): Promise<Execution | undefined> {
  const { executions } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(executions)
    .where(and(eq(executions.id, id), eq(executions.workspace_id, ctx.principal.workspaceId)))
  return row && toExecutionView(row)
}

/**
 * An execution that may have been started before, by whoever starts it again: its actor is emptied some time after its
 * end, and would begin anew.
 */
export async function findStarted(ctx: StartedCtx, id: string): Promise<Execution | undefined> {
  const live = await workflowRun(ctx.env, id).describe(ctx.principal.workspaceId)
  return live ?? findProjected(ctx, id)
}

/** Whether PostgreSQL has the whole execution; until then its actor knows more. */
export function hasEnded(projected: Execution | undefined): projected is Execution {
  return projected !== undefined && isFinal(projected.status)
}

/** The actor behind an id of ours; undefined for any other, since asking an actor creates it. */
export function findActor(ctx: Pick<Ctx, 'env' | 'config'>, id: string): WorkflowRunActor | undefined {
  // An actor is named by the text: each spelling of a UUID would be another one.
  return isSealedId(ctx.config.SECRET_KEY, id) ? workflowRun(ctx.env, id.toLowerCase()) : undefined
}
