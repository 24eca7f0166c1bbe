import { and, eq } from 'drizzle-orm'
import { workflowRun, type WorkflowRunActor } from '#actors'
import { isSealedId } from '#auth/sealed-id'
import { AppError } from '#core/errors'
import type { Execution, ExecutionRecord } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { ANSWER_BYTES, presentRecord } from './present-record.ts'
import { inLocale, toExecutionView } from './to-execution.ts'

/**
 * An execution as it stands now: from PostgreSQL once it has ended, from its actor while it lives.
 *
 * @throws AppError `not_found`, also for another workspace's
 */
export async function findExecution(ctx: Ctx, id: string): Promise<Execution> {
  return presentExecution(ctx, await findRecord(ctx, id))
}

/** Its large values in it, as far as one answer holds them, and its error in the reader's language. */
export async function presentExecution(ctx: Ctx, record: ExecutionRecord): Promise<Execution> {
  const place = { env: ctx.env, workspaceId: ctx.principal.workspaceId, executionId: record.id }
  return inLocale(await presentRecord(place, record, { bytesLeft: ANSWER_BYTES }), ctx.locale)
}

/**
 * The same before its large values are read.
 *
 * @throws AppError `not_found`, also for another workspace's
 */
export async function findRecord(ctx: Ctx, id: string): Promise<ExecutionRecord> {
  const projected = await findProjected(ctx, id)
  if (hasEnded(projected)) return projected
  const live = await findActor(ctx, id)?.describe(ctx.principal.workspaceId)
  const execution = live ?? projected
  if (execution === undefined) throw new AppError('not_found')
  return execution
}

interface StartedCtx extends Pick<Ctx, 'env' | 'db'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId'>
}

/** The projected row, or undefined while there is none. */
export async function findProjected(ctx: Omit<StartedCtx, 'env'>, id: string): Promise<ExecutionRecord | undefined> {
  const { executions } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(executions)
    .where(and(eq(executions.id, id), eq(executions.workspace_id, ctx.principal.workspaceId)))
  return row && toExecutionView(row)
}

/**
 * An execution that may have been started before, by whoever starts it again: one that has ended may have no actor, which
 * would begin anew.
 */
export async function findStarted(ctx: StartedCtx, id: string): Promise<ExecutionRecord | undefined> {
  const projected = await findProjected(ctx, id)
  if (hasEnded(projected)) return projected
  // It may have ended, and been emptied, between the two questions.
  return (await workflowRun(ctx.env, id).describe(ctx.principal.workspaceId)) ?? findProjected(ctx, id)
}

/** Whether PostgreSQL has the whole execution; until then its actor knows more. */
export function hasEnded(projected: ExecutionRecord | undefined): projected is ExecutionRecord {
  return projected !== undefined && isFinal(projected.status)
}

/** The actor behind an id of ours; undefined for any other, since asking an actor creates it. */
export function findActor(ctx: Pick<Ctx, 'env' | 'config'>, id: string): WorkflowRunActor | undefined {
  // An actor is named by the text: each spelling of a UUID would be another one.
  return isSealedId(ctx.config.SECRET_KEY, id) ? workflowRun(ctx.env, id.toLowerCase()) : undefined
}
