import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { type ToolCall, ToolFailure } from '#core/agent/tool'
import type { WorkflowAnswer, WorkflowOrder } from '#core/agent/tool-type'
import { AppError, ERRORS } from '#core/errors'
import type { Execution } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import { connectWithin } from '#db/connect'
import { formatTraceparent } from '#lib/trace'
import { derivedId, startAs } from '#services/executions/start-child'
import type { AgentFacts } from './agent-facts.ts'

/**
 * Executions above one that an agent starts, far fewer than for sub-workflows: an agent that runs the workflow that it stands
 * in may do so several times on each level.
 */
const MAX_DEPTH = 4

/** One question to the run's actor waits this long, so that a stopped turn is noticed. */
const WAIT_STEP_MS = 20_000

/**
 * Starts a published workflow for an agent, once for each call, and waits for its end as long as it may.
 *
 * @throws ToolFailure when there is no such workflow, it is not published or cannot run, or runs are stacked too high
 */
export async function runWorkflowFor(
  env: Env,
  facts: AgentFacts,
  { workflowId, inputs, waitMs }: WorkflowOrder,
  { idempotencyKey, signal, progress }: Pick<ToolCall, 'idempotencyKey' | 'signal' | 'progress'>,
): Promise<WorkflowAnswer> {
  const { workspaceId, userId: createdBy, startedAt } = facts
  const depth = (facts.depth ?? 0) + 1
  if (depth > MAX_DEPTH) throw new ToolFailure('too_deep', `More than ${MAX_DEPTH} executions stand above this one.`)
  await refuseUnpublished(env, workspaceId, workflowId)
  const id = derivedId(env, startedAt, ['tool', workspaceId, idempotencyKey])
  try {
    await startAs(
      env,
      id,
      { workspaceId, createdBy, depth, chain: facts.chain?.slice(), ...traceOf(facts) },
      { workflowId, inputs },
      'agent',
    )
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new ToolFailure('workflow_unavailable', ERRORS[error.code].sentence.en)
  }
  progress({ execution_id: id })
  const execution = await waitFor(env, workspaceId, id, { waitMs, signal })
  if (execution === undefined) return { executionId: id, status: 'running', output: null, error: null }
  const { status, output, error } = execution
  const failed = isFinal(status) && status !== 'completed'
  return { executionId: id, status, output, error: failed ? (error?.message_en ?? status) : null }
}

function traceOf({ trace }: AgentFacts): { readonly traceparent?: string } {
  return trace === undefined ? {} : { traceparent: formatTraceparent(trace) }
}

async function refuseUnpublished(env: Env, workspaceId: string, workflowId: string): Promise<void> {
  const db = connectWithin(env, workspaceId)
  const { workflows } = db.tables
  const [found] = await db
    .select({ published: workflows.published_version, isActive: workflows.is_active })
    .from(workflows)
    .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, workspaceId)))
  if (found === undefined) throw new ToolFailure('workflow_unavailable', `There is no workflow ${workflowId}.`)
  if (found.published === null) throw new ToolFailure('workflow_unavailable', 'The workflow is not published.')
  if (!found.isActive) throw new ToolFailure('workflow_unavailable', 'The workflow is switched off.')
}

type End = Pick<Execution, 'status' | 'output' | 'error'>

async function waitFor(
  env: Env,
  workspaceId: string,
  id: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<End | undefined> {
  const run = workflowRun(env, id)
  const until = Date.now() + waitMs
  const aborted = Promise.withResolvers<never>()
  const stop = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (let left = waitMs; left > 0; left = until - Date.now()) {
      signal.throwIfAborted()
      const asked = run.waitFinished(workspaceId, Math.min(left, WAIT_STEP_MS))
      const ended = await Promise.race([asked, aborted.promise])
      if (ended !== undefined) return ended
      // Asked again days later: its actor is emptied, and answers at once.
      const told = await readEnd(env, workspaceId, id)
      if (told !== undefined) return told
    }
    return undefined
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function readEnd(env: Env, workspaceId: string, id: string): Promise<End | undefined> {
  const db = connectWithin(env, workspaceId)
  const { executions } = db.tables
  const [row] = await db
    .select({ status: executions.status, output: executions.output, error: executions.error })
    .from(executions)
    .where(and(eq(executions.id, id), eq(executions.workspace_id, workspaceId)))
  return row !== undefined && isFinal(row.status) ? row : undefined
}
