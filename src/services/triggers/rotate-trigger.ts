import { and, eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { RotateInput, Trigger } from '#core/triggers/trigger'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { insertTriggers } from './keep-triggers.ts'
import { listTriggers } from './list-triggers.ts'

/**
 * Gives a webhook a new secret, new addresses, or both; the former ones end at once.
 *
 * @throws AppError `not_found`, also for a node that is no webhook
 */
export async function rotateTrigger(
  ctx: Ctx,
  workflowId: string,
  nodeId: string,
  { secret, url }: RotateInput,
): Promise<Trigger> {
  const { workflowTriggers: table, workflows } = ctx.db.tables
  await findTrigger(ctx, workflowId, nodeId)
  const isOwn = and(eq(workflows.id, workflowId), eq(workflows.workspace_id, ctx.principal.workspaceId))
  const [urlGeneration, secretGeneration] = [Number(url), Number(secret)]
  const triggers = [{ nodeId, kind: 'webhook' as const }]
  const change = insertTriggers(ctx, { workflowId, triggers, urlGeneration, secretGeneration }, isOwn)
    .onConflictDoUpdate({
      target: [table.workflow_id, table.node_id],
      set: {
        url_generation: sql`${table.url_generation} + ${urlGeneration}::integer`,
        secret_generation: sql`${table.secret_generation} + ${secretGeneration}::integer`,
      },
    })
    .returning({ id: table.id })
  const details = { workflow_id: workflowId, node_id: nodeId, secret, url }
  const [row] = await audited(ctx, change, { action: 'trigger.rotated', resourceId: workflowId, details })
  if (row === undefined) throw new AppError('not_found')
  return findTrigger(ctx, workflowId, nodeId)
}

async function findTrigger(ctx: Ctx, workflowId: string, nodeId: string): Promise<Trigger> {
  const { items } = await listTriggers(ctx, workflowId)
  const found = items.find(({ node_id, kind }) => node_id === nodeId && kind === 'webhook')
  if (found === undefined) throw new AppError('not_found')
  return found
}
