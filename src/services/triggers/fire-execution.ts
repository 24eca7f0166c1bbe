import { and, eq } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { AppError } from '#core/errors'
import { judgeChain } from '#core/triggers/execution'
import { findTriggers } from '#core/triggers/find-triggers'
import { chainBelow, type ExecutionRecord, type RunHeader } from '#core/workflow/execution'
import type { Definition } from '#core/workflow/graph'
import { withoutPins } from '#core/workflow/partial'
import type { RunOrder } from '#core/workflow/order'
import { runTrace } from '#core/workflow/run-trace'
import { startingAt } from '#core/workflow/starting-at'
import { withHoles } from '#core/workflow/value'
import { connect, type Db } from '#db/connect'
import { logLine } from '#lib/log'
import { formatTraceparent } from '#lib/trace'
import { derivedId, wasStarted } from '#services/executions/start-child'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import { isListening } from './is-listening.ts'
import { noteFailed, noteFired } from './note-trigger.ts'

/**
 * Starts what waits for the end of an execution: each trigger once, however often this is asked (the ids follow from
 * trigger and execution). What cannot start is noted at its trigger.
 *
 * @throws DatabaseUnavailable
 */
export async function fireExecutionTriggers(env: Env, header: RunHeader, ended: ExecutionRecord): Promise<void> {
  const db = connect(env, { lane: header.workspaceId })
  for (const found of await findListening(db, header)) {
    const node = findTriggers(found.definition).triggers.find(({ nodeId }) => nodeId === found.nodeId)
    if (node?.kind !== 'execution' || found.workflowId === header.workflowId) continue
    if (!node.config.on.some((status) => status === ended.status)) continue
    try {
      await startOnce(env, db, { header, ended, found })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      await noteFailed(db, found, error.code, Date.now())
    }
  }
}

interface Listening {
  /** Of the trigger. */
  readonly id: string
  readonly workspaceId: string
  readonly nodeId: string
  readonly workflowId: string
  readonly workflowName: string
  readonly version: number
  readonly definition: Definition
}

function findListening(db: Db, header: RunHeader): Promise<Listening[]> {
  const { workflows, workflowVersions: versions, workflowTriggers: triggers } = db.tables
  return db
    .select({
      id: triggers.id,
      workspaceId: triggers.workspace_id,
      nodeId: triggers.node_id,
      workflowId: workflows.id,
      workflowName: workflows.name,
      version: versions.version,
      definition: versions.definition,
    })
    .from(triggers)
    .innerJoin(workflows, and(eq(workflows.id, triggers.workflow_id), workflows.is_active))
    .innerJoin(versions, and(eq(versions.workflow_id, workflows.id), eq(versions.version, workflows.published_version)))
    .where(isListening(db, header))
    .orderBy(triggers.id)
}

interface Start {
  readonly header: RunHeader
  readonly ended: ExecutionRecord
  readonly found: Listening
}

async function startOnce(env: Env, db: Db, { header, ended, found }: Start): Promise<void> {
  const { workspaceId, workflowId, workflowName, version, nodeId } = found
  const chain = chainBelow(header)
  const refused = judgeChain(chain, workflowId)
  if (refused !== undefined) {
    const place = { execution_id: header.executionId, trigger_id: found.id }
    logLine('warn', { event: 'execution_trigger_refused', code: refused, ...place })
    return noteFailed(db, found, refused, Date.now())
  }
  const at = Date.parse(ended.finished_at ?? ended.created_at)
  const id = derivedId(env, at, ['execution', found.id, header.executionId])
  // Its end may be so long ago that its actor is emptied, and would begin anew.
  if (await wasStarted(env, workspaceId, id)) return
  const ctx = { db, principal: { workspaceId } }
  const plan = startingAt(withoutPins(compileOrRefuse(found.definition)), nodeId)
  const vars = await snapshotVariables(ctx, plan)
  await workflowRun(env, id).start({
    plan,
    ...toTrigger(header, ended),
    refusal: await findRefusal(ctx, found.definition),
    header: {
      executionId: id,
      workspaceId,
      workflowId,
      workflowName,
      version,
      trigger: 'execution',
      createdBy: null,
      createdAt: Date.now(),
      traceparent: formatTraceparent(runTrace(header)),
      vars,
      chain,
    },
  })
  await noteFired(db, found, id, Date.now())
}

/** What its nodes read as `$trigger`. */
function toTrigger({ workflowName }: RunHeader, ended: ExecutionRecord): Pick<RunOrder, 'inputs' | 'large'> {
  const { id, workflow_id, status, output, error, duration_ms, finished_at, large = [] } = ended
  const of = { execution_id: id, workflow_id, workflow_name: workflowName }
  const holes = large.flatMap(({ at: [field, ...rest], ref }) =>
    field === 'output' ? [{ at: ['inputs', field, ...rest], ref }] : [],
  )
  return { inputs: { type: 'execution', ...of, status, output, error, duration_ms, finished_at }, ...withHoles(holes) }
}
