import { type SQL, sql } from 'drizzle-orm'
import type { GraphTrigger } from '#core/triggers/find-triggers'
import type { Ctx } from '#services/context'
import { triggerId } from './trigger-id.ts'

interface NewTrigger extends Pick<GraphTrigger, 'nodeId' | 'kind'> {
  /** Of one that waits for the executions of another workflow. */
  readonly sourceId?: string | undefined
}

interface NewTriggers {
  readonly workflowId: string
  readonly triggers: readonly NewTrigger[]
  readonly urlGeneration?: number
  readonly secretGeneration?: number
}

/** The statement that makes the rows of triggers; what is there already is the caller's `onConflict`. */
export function insertTriggers(ctx: Ctx, wanted: NewTriggers, isStill: SQL | undefined) {
  const { workflowTriggers, workflows } = ctx.db.tables
  const { workflowId, triggers, urlGeneration = 0, secretGeneration = 0 } = wanted
  const rows = triggers.map(({ nodeId, kind, sourceId }) => ({
    id: triggerId(workflowId, nodeId),
    node_id: nodeId,
    kind,
    source_id: sourceId ?? null,
  }))
  // In the order of the table's columns.
  return ctx.db.insert(workflowTriggers).select(sql`
    select node.id, ${ctx.principal.workspaceId}::uuid, ${workflowId}::uuid, node.node_id, node.kind, ${urlGeneration}::integer,
      ${secretGeneration}::integer, ${new Date(ctx.now())}::timestamptz, null::timestamptz,
      null::uuid, null::text, null::timestamptz, node.source_id
    from ${workflows}, json_to_recordset(${JSON.stringify(rows)}::json) as node(id uuid, node_id text, kind text, source_id uuid)
    where ${isStill}`)
}

/** The statement that gives the triggers of a version their rows, for the batch that publishes it. */
export function keepTriggers(ctx: Ctx, wanted: NewTriggers, isStill: SQL | undefined) {
  const { workflowTriggers: table } = ctx.db.tables
  return insertTriggers(ctx, wanted, isStill).onConflictDoUpdate({
    target: [table.workflow_id, table.node_id],
    set: {
      kind: sql`excluded.kind`,
      source_workflow_id: sql`excluded.source_workflow_id`,
      last_error: null,
      last_error_at: null,
    },
  })
}
