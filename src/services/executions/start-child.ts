import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { readConfig } from '#config'
import { AppError, ERRORS } from '#core/errors'
import { type Locale, say, type Sentence } from '#core/messages'
import { chainBelow, depthOf, type ExecutionRecord, type RunHeader } from '#core/workflow/execution'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { withoutPins } from '#core/workflow/partial'
import { startingByHand } from '#core/workflow/starting-at'
import type { Plan } from '#core/workflow/plan'
import { runTrace } from '#core/workflow/run-trace'
import type { Visit } from '#core/workflow/run'
import { connect } from '#db/connect'
import type { Holes } from '#core/workflow/value'
import { isUuid } from '#lib/ids'
import type { Json } from '#lib/json'
import { logLine } from '#lib/log'
import { formatTraceparent } from '#lib/trace'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import { pinPublished } from './start-execution.ts'

/** Executions that start executions, that start executions …: a workflow that starts itself ends here. */
const MAX_DEPTH = 16
const ID_BYTES = 10

/** The id of the execution that a visit starts: the same however often it is asked for, also after a crash. */
export function childId(env: Env, parent: RunHeader, visit: Pick<Visit, 'node_id' | 'visit' | 'startedAt'>): string {
  return derivedId(env, visit.startedAt, [parent.executionId, visit.node_id, visit.visit])
}

/** What a child is to run with; its holes are in `inputs`. */
interface ChildOrder extends Holes {
  readonly workflowId: string
  readonly inputs: Json
}

/**
 * Starts the execution that a visit asks for, once. It is durable when this returns (P1).
 *
 * @throws NodeFailure when the workspace has no such workflow, it cannot run, or executions are stacked too high
 * @throws DatabaseUnavailable
 */
export async function startChild(
  env: Env,
  parent: RunHeader,
  { node_id, visit, startedAt }: Pick<Visit, 'node_id' | 'visit' | 'startedAt'>,
  order: ChildOrder,
): Promise<string> {
  const depth = depthOf(parent) + 1
  if (depth > MAX_DEPTH) throw new NodeFailure(nodeError('too_deep', { limit: MAX_DEPTH }))
  const id = childId(env, parent, { node_id, visit, startedAt })
  try {
    const by = { ...parent, chain: chainBelow(parent) }
    await startAs(env, id, by, order, 'workflow', { executionId: parent.executionId, node_id, visit, depth })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new NodeFailure(nodeError('workflow_unavailable', { id: order.workflowId, reason: explain(error) }))
  }
  return id
}

/** The refusal as a reason, with the first of the problems that it names. */
function explain({ code, params, problems: [first] = [] }: AppError): Sentence {
  const because = (locale: Locale): string => {
    const what = say(ERRORS[code].sentence, locale, params)
    return first === undefined ? what : `${what} ${first.pointer}: ${say(first.sentence, locale, first.params)}`
  }
  return { pt: because('pt'), en: because('en') }
}

/** Starts the workflow that the settings name for failures; one that failed itself starts none. */
export async function startErrorWorkflow(
  env: Env,
  header: RunHeader,
  { settings }: Pick<Plan, 'settings'>,
  failed: ExecutionRecord,
): Promise<void> {
  const workflowId = settings.error_workflow_id
  if (workflowId === undefined || header.trigger === 'error') return
  const { inputs: _inputs, output: _output, large: _large, ...execution } = failed
  const inputs: Json = { execution: { ...execution, workflow_name: header.workflowName }, error: failed.error }
  const id = derivedId(env, Date.parse(failed.finished_at ?? failed.created_at), [header.executionId, 'error_workflow'])
  try {
    await startAs(env, id, { ...header, chain: chainBelow(header) }, { workflowId, inputs }, 'error')
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // It was deleted or has problems: trying again does not help, and the failure itself is told already.
    logLine('warn', { event: 'error_workflow_refused', execution_id: header.executionId, code: error.code })
  }
}

/** Starts a workflow under an id of ours, for whoever stands behind `by`; a repeat starts nothing. */
export async function startAs(
  env: Env,
  id: string,
  by: Pick<RunHeader, 'workspaceId' | 'createdBy' | 'depth' | 'chain'> & {
    readonly executionId?: string
    readonly traceparent?: string
  },
  { workflowId, inputs, large }: ChildOrder,
  trigger: string,
  parent?: RunHeader['parent'],
): Promise<void> {
  const { workspaceId, createdBy, depth, chain } = by
  const run = workflowRun(env, id)
  if (!isUuid(workflowId)) throw new AppError('not_found')
  if (await wasStarted(env, workspaceId, id)) return
  const ctx = { db: connect(env, { lane: workspaceId }), principal: { workspaceId, userId: createdBy } }
  const pinned = await pinPublished(ctx, workflowId)
  const plan = startingByHand(withoutPins(compileOrRefuse(pinned.definition)))
  await run.start({
    plan,
    inputs,
    large,
    refusal: await findRefusal(ctx, pinned.definition),
    header: {
      executionId: id,
      workspaceId,
      workflowId: pinned.id,
      workflowName: pinned.name,
      version: pinned.version,
      trigger,
      createdBy,
      createdAt: Date.now(),
      ...below(by),
      vars: await snapshotVariables(ctx, plan),
      ...(parent === undefined ? {} : { parent }),
      ...(depth === undefined ? {} : { depth }),
      ...(chain === undefined ? {} : { chain }),
    },
  })
}

/** The span of the execution that starts it; of whoever else does the one that it names. */
function below({ executionId, traceparent }: Partial<Parameters<typeof runTrace>[0]>): Pick<RunHeader, 'traceparent'> {
  if (executionId === undefined) return traceparent === undefined ? {} : { traceparent }
  return { traceparent: formatTraceparent(runTrace({ executionId, traceparent })) }
}

/** Started, ended and told before a crash made us ask again: its actor may be emptied, and would begin anew. */
export async function wasStarted(env: Env, workspaceId: string, id: string): Promise<boolean> {
  const db = connect(env, { lane: workspaceId })
  const { executions } = db.tables
  const isIt = and(eq(executions.id, id), eq(executions.workspace_id, workspaceId))
  return (await db.select({ id: executions.id }).from(executions).where(isIt)).length > 0
}

/** A sealed id that is the same whenever it follows from the same time and parts. */
export function derivedId(env: Env, at: number, parts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest()
  return sealedId(readConfig(env).SECRET_KEY, at, hash.subarray(0, ID_BYTES))
}
