import { sql } from 'drizzle-orm'
import { index, integer, type pgSchema, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/**
 * What fires by itself, while the published version of its workflow has it. Neither addresses nor secrets are stored: both follow from
 * `SECRET_KEY` and a count.
 */
export function triggerTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner, workflows: Owner) {
  const workflowTriggers = schema.table(
    'workflow_triggers',
    {
      /** Follows from workflow and node, so that it is known before the row is there. */
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      workflow_id: ownedBy(workflows),
      node_id: text().notNull(),
      kind: text({ enum: ['webhook', 'schedule', 'execution', 'file', 'chat'] }).notNull(),
      /** How often its addresses and its secret were replaced. */
      url_generation: integer().notNull().default(0),
      secret_generation: integer().notNull().default(0),
      created_at: createdAt(),
      last_fired_at: moment(),
      last_execution_id: uuid(),
      last_error: text(),
      last_error_at: moment(),
      /** Whose executions one of kind `execution` waits for; null: any. */
      source_workflow_id: uuid(),
    },
    (t) => [
      uniqueIndex('workflow_triggers_node_key').on(t.workflow_id, t.node_id),
      // Asked at the end of every execution.
      index('workflow_triggers_listening_idx')
        .on(t.workspace_id)
        .where(sql`${t.kind} = 'execution'`),
    ],
  )
  return { workflowTriggers }
}
