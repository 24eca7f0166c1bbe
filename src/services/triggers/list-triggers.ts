import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { can } from '#core/permissions'
import { findTriggers, type GraphTrigger } from '#core/triggers/find-triggers'
import { nextTime } from '#core/triggers/schedule'
import type { Trigger } from '#core/triggers/trigger'
import type { Tables } from '#db/schema'
import type { Ctx } from '#services/context'
import { toHook } from './to-hook.ts'
import { triggerId } from './trigger-id.ts'

type Row = Tables['workflowTriggers']['$inferSelect']

/**
 * The triggers of a workflow: those of its published version and of its draft.
 *
 * @throws AppError `not_found`
 */
export async function listTriggers(ctx: Ctx, workflowId: string): Promise<{ items: Trigger[] }> {
  const { workflows, workflowVersions, workflowTriggers } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const isPublished = and(
    eq(workflowVersions.workflow_id, workflows.id),
    eq(workflowVersions.version, workflows.published_version),
  )
  const [[workflow], rows] = await ctx.db.batch([
    ctx.db
      .select({ draft: workflows.definition, active: workflows.is_active, published: workflowVersions.definition })
      .from(workflows)
      .leftJoin(workflowVersions, isPublished)
      .where(and(eq(workflows.id, workflowId), eq(workflows.workspace_id, workspaceId))),
    ctx.db
      .select()
      .from(workflowTriggers)
      .where(and(eq(workflowTriggers.workflow_id, workflowId), eq(workflowTriggers.workspace_id, workspaceId))),
  ])
  if (workflow === undefined) throw new AppError('not_found')
  const published = workflow.published === null ? [] : findTriggers(workflow.published).triggers
  const known = new Set(published.map(({ nodeId }) => nodeId))
  const drafted = findTriggers(workflow.draft).triggers.filter(({ nodeId }) => !known.has(nodeId))
  const byNode = new Map(rows.map((row) => [row.node_id, row]))
  const view = (status: Trigger['status']) => (trigger: GraphTrigger) =>
    toTrigger(ctx, { workflowId, trigger, status, row: byNode.get(trigger.nodeId) })
  return { items: [...published.map(view(workflow.active ? 'live' : 'paused')), ...drafted.map(view('draft'))] }
}

interface Shown {
  readonly workflowId: string
  readonly trigger: GraphTrigger
  readonly status: Trigger['status']
  readonly row: Row | undefined
}

function toTrigger(ctx: Ctx, { workflowId, trigger, status, row }: Shown): Trigger {
  const { nodeId, kind } = trigger
  const isHook = kind === 'webhook' && can(ctx.principal, 'workflows:write')
  const hook = isHook ? toHook(ctx.config, workflowId, nodeId, row) : undefined
  return {
    id: triggerId(workflowId, nodeId),
    node_id: nodeId,
    kind,
    status,
    url: hook?.url ?? null,
    test_url: hook?.testUrl ?? null,
    secret: kind === 'webhook' && trigger.config.auth === 'none' ? null : (hook?.secret ?? null),
    next_run_at: toIso(status === 'live' ? nextRun(trigger, row, ctx.now()) : undefined),
    last_fired_at: row?.last_fired_at?.toISOString() ?? null,
    last_execution_id: row?.last_execution_id ?? null,
    last_error: row?.last_error ?? null,
    last_error_at: row?.last_error_at?.toISOString() ?? null,
  }
}

function nextRun(trigger: GraphTrigger, row: Row | undefined, now: number): number | undefined {
  if (trigger.kind !== 'schedule' || row === undefined) return undefined
  return nextTime({ config: trigger.config, anchor: row.created_at.getTime() }, now)
}

function toIso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}
