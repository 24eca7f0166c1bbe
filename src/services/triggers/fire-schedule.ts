import { and, eq, isNotNull } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { AppError } from '#core/errors'
import { findTriggers } from '#core/triggers/find-triggers'
import type { Timetable } from '#core/triggers/schedule'
import type { Definition } from '#core/workflow/graph'
import { withoutPins } from '#core/workflow/partial'
import { startingAt } from '#core/workflow/starting-at'
import { connect } from '#db/connect'
import { derivedId, wasStarted } from '#services/executions/start-child'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import { noteFailed, noteFired } from './note-trigger.ts'

/** A schedule that fires: its workflow is active and what it has published has the node. */
export interface LiveSchedule extends Timetable {
  readonly workspaceId: string
  readonly workflowId: string
  readonly workflowName: string
  readonly nodeId: string
  readonly version: number
  readonly definition: Definition
}

/**
 * A schedule as PostgreSQL has it now, or undefined when it does not fire. Across workspaces: only its own actor asks.
 *
 * @throws DatabaseUnavailable
 */
export async function findSchedule(env: Env, triggerId: string): Promise<LiveSchedule | undefined> {
  const db = connect(env)
  const { workflows, workflowVersions: versions, workflowTriggers: triggers } = db.tables
  const [row] = await db
    .select({
      workspaceId: workflows.workspace_id,
      workflowId: workflows.id,
      workflowName: workflows.name,
      nodeId: triggers.node_id,
      createdAt: triggers.created_at,
      version: versions.version,
      definition: versions.definition,
    })
    .from(triggers)
    .innerJoin(workflows, eq(workflows.id, triggers.workflow_id))
    .innerJoin(versions, and(eq(versions.workflow_id, workflows.id), eq(versions.version, workflows.published_version)))
    .where(and(eq(triggers.id, triggerId), eq(workflows.is_active, true), isNotNull(workflows.published_version)))
  if (row === undefined) return undefined
  const node = findTriggers(row.definition).triggers.find(({ nodeId }) => nodeId === row.nodeId)
  if (node?.kind !== 'schedule') return undefined
  const { createdAt, ...found } = row
  return { ...found, config: node.config, anchor: createdAt.getTime() }
}

/**
 * Starts the execution of one scheduled time, once: its id follows from trigger and time.
 *
 * @param at Unix milliseconds
 * @returns false when the schedule does not fire any more
 * @throws DatabaseUnavailable
 */
export async function fireSchedule(env: Env, triggerId: string, at: number): Promise<boolean> {
  const found = await findSchedule(env, triggerId)
  if (found === undefined) return false
  const id = derivedId(env, at, ['schedule', triggerId, at])
  const trigger = { id: triggerId, workspaceId: found.workspaceId }
  try {
    await startOnce(env, found, id, at)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // The catalog has changed since it was published, or its variables have grown: trying again does not help.
    await noteFailed(connect(env, { lane: found.workspaceId }), trigger, error.code, Date.now())
    return true
  }
  await noteFired(connect(env, { lane: found.workspaceId }), trigger, id, at)
  return true
}

async function startOnce(env: Env, found: LiveSchedule, id: string, at: number): Promise<void> {
  const { workspaceId, workflowId, workflowName, version, config, nodeId } = found
  // Its end may be so long ago that its actor is emptied, and would begin anew.
  if (await wasStarted(env, workspaceId, id)) return
  const plan = startingAt(withoutPins(compileOrRefuse(found.definition)), nodeId)
  const ctx = { db: connect(env, { lane: workspaceId }), principal: { workspaceId } }
  const vars = await snapshotVariables(ctx, plan)
  const header = { executionId: id, workspaceId, workflowId, workflowName, version, trigger: 'schedule' }
  await workflowRun(env, id).start({
    plan,
    refusal: await findRefusal(ctx, found.definition),
    inputs: { type: 'schedule', scheduled_at: new Date(at).toISOString(), time_zone: config.time_zone },
    header: { ...header, createdBy: null, createdAt: Date.now(), vars },
  })
}
