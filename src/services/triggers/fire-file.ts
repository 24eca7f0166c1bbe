import { and, asc, eq, isNotNull } from 'drizzle-orm'
import { workflowRun } from '#actors'
import { readConfig } from '#config'
import { AppError } from '#core/errors'
import { isWanted } from '#core/triggers/file-trigger'
import { findTriggers } from '#core/triggers/find-triggers'
import { withoutPins } from '#core/workflow/partial'
import { startingAt } from '#core/workflow/starting-at'
import type { Db } from '#db/connect'
import type { JsonObject } from '#lib/json'
import { derivedId, wasStarted } from '#services/executions/start-child'
import { type FileRow, toFile } from '#services/files/to-file'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import { noteFailed, noteFired } from './note-trigger.ts'

const DELIVERIES_AT_ONCE = 20

interface DeliverCtx {
  readonly env: Env
  /** Across workspaces: the sweep acts for all of them. */
  readonly db: Db
}

interface Delivery {
  readonly triggerId: string
  readonly file: FileRow
  readonly at: Date
  readonly traceparent: string | null
}

/**
 * Starts what uploaded files are to start, each trigger once for each file: the execution's id follows from both, and
 * what was to be started is forgotten only when it is durable.
 *
 * @param fileId of this one alone
 * @returns whether there may be more
 * @throws DatabaseUnavailable
 */
export async function deliverFiles({ env, db }: DeliverCtx, fileId?: string): Promise<boolean> {
  const { fileDeliveries: deliveries, files } = db.tables
  const due = await db
    .select({
      triggerId: deliveries.trigger_id,
      at: deliveries.created_at,
      traceparent: deliveries.traceparent,
      file: files,
    })
    .from(deliveries)
    .innerJoin(files, eq(files.id, deliveries.file_id))
    .where(fileId === undefined ? undefined : eq(deliveries.file_id, fileId))
    .orderBy(asc(deliveries.created_at))
    .limit(DELIVERIES_AT_ONCE)
  for (const one of due) {
    await deliver({ env, db }, one)
    await db
      .delete(deliveries)
      .where(and(eq(deliveries.file_id, one.file.id), eq(deliveries.trigger_id, one.triggerId)))
  }
  return due.length === DELIVERIES_AT_ONCE
}

async function deliver({ env, db }: DeliverCtx, delivery: Delivery): Promise<void> {
  const { triggerId, file, at } = delivery
  const id = derivedId(env, at.getTime(), ['file', triggerId, file.id])
  const trigger = { id: triggerId, workspaceId: file.workspace_id }
  try {
    if (await startOnce({ env, db }, delivery, id)) await noteFired(db, trigger, id, Date.now())
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // The catalog has changed since it was published, or its variables have grown: trying again does not help.
    await noteFailed(db, trigger, error.code, Date.now())
  }
}

/** @returns false where the trigger does not fire any more, or not for this file */
async function startOnce(
  { env, db }: DeliverCtx,
  { triggerId, file, traceparent }: Delivery,
  id: string,
): Promise<boolean> {
  const found = await findLive(db, triggerId, file.workspace_id)
  if (found === undefined) return false
  const { nodeId, definition, ...workflow } = found
  const node = findTriggers(definition).triggers.find((trigger) => trigger.nodeId === nodeId)
  if (node?.kind !== 'file' || !isWanted(node.config, file)) return false
  // Its end may be so long ago that its actor is emptied, and would begin anew.
  if (await wasStarted(env, file.workspace_id, id)) return true
  const plan = startingAt(withoutPins(compileOrRefuse(definition)), nodeId)
  const workspaceId = file.workspace_id
  const ctx = { db, principal: { workspaceId } }
  const vars = await snapshotVariables(ctx, plan)
  const header = { executionId: id, workspaceId, ...workflow, trigger: 'file', createdBy: file.created_by }
  await workflowRun(env, id).start({
    plan,
    refusal: await findRefusal(ctx, definition),
    inputs: triggerOf(env, file),
    header: { ...header, createdAt: Date.now(), vars, ...(traceparent !== null && { traceparent }) },
  })
  return true
}

async function findLive(db: Db, triggerId: string, workspaceId: string) {
  const { workflows, workflowVersions: versions, workflowTriggers: triggers } = db.tables
  const isIt = and(eq(triggers.id, triggerId), eq(triggers.workspace_id, workspaceId), eq(workflows.is_active, true))
  const [found] = await db
    .select({
      workflowId: workflows.id,
      workflowName: workflows.name,
      nodeId: triggers.node_id,
      version: versions.version,
      definition: versions.definition,
    })
    .from(triggers)
    .innerJoin(workflows, eq(workflows.id, triggers.workflow_id))
    .innerJoin(versions, and(eq(versions.workflow_id, workflows.id), eq(versions.version, workflows.published_version)))
    .where(and(isIt, isNotNull(workflows.published_version)))
  return found
}

/** What nodes read as `$trigger`. */
function triggerOf(env: Env, row: FileRow): JsonObject {
  return { type: 'file', file: toFile(readConfig(env), row) }
}
