import { sql } from 'drizzle-orm'
import { index, integer, json, type pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { NodeError } from '#core/workflow/node-error'
import type { Hole } from '#core/workflow/value'
import type { OpenApproval } from '#core/workflow/waits'
import type { Json } from '#lib/json'
import { createdAt, moment } from './columns.ts'

/** Projections of the run actors. No foreign keys: a projection that arrives after a deletion must still land. */
export function executionTables(schema: ReturnType<typeof pgSchema>) {
  const executions = schema.table(
    'executions',
    {
      id: uuid().primaryKey(),
      workspace_id: uuid().notNull(),
      workflow_id: uuid().notNull(),
      version: integer().notNull(),
      status: text({
        enum: ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled', 'timeout'],
      }).notNull(),
      trigger: text().notNull(),
      inputs: json().$type<Json>(),
      output: json().$type<Json>(),
      error: json().$type<NodeError>(),
      parent_execution_id: uuid(),
      retry_of: uuid(),
      /** What people are to decide in it, so that a list of that wakes no actor; null when there is nothing. */
      approvals: json().$type<readonly OpenApproval[]>(),
      created_by: uuid(),
      created_at: moment().notNull(),
      started_at: moment(),
      finished_at: moment(),
      /** Where in inputs and output a large value belongs that is an object in R2. */
      large: json().$type<readonly Hole[]>(),
      /** The event log's length at this projection: an older projection never overwrites a newer one. */
      seq: integer().notNull(),
      /** Since when its events are one object in R2, and its actor is empty or about to be. */
      archived_at: moment(),
      /** Since when it is in `execution_stats`. */
      counted_at: moment(),
    },
    (t) => [
      // What the sweeps walk through: the oldest that has ended, and what still has an actor.
      index('executions_finished_idx')
        .on(t.finished_at)
        .where(sql`${t.finished_at} is not null`),
      index('executions_retention_idx')
        .on(t.workspace_id, t.finished_at)
        .where(sql`${t.finished_at} is not null`),
      index('executions_actor_idx')
        .on(t.id)
        .where(sql`${t.archived_at} is null`),
      index('executions_uncounted_idx')
        .on(t.workspace_id, t.created_at)
        .where(sql`${t.counted_at} is null`),
      index('executions_to_count_idx')
        .on(t.id)
        .where(sql`${t.counted_at} is null and ${t.finished_at} is not null`),
      index('executions_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      index('executions_workflow_idx').on(t.workflow_id, t.created_at.desc()),
      index('executions_approvals_idx')
        .on(t.workspace_id, t.created_at.desc())
        .where(sql`${t.approvals} is not null`),
    ],
  )

  const executionVisits = schema.table(
    'execution_visits',
    {
      execution_id: uuid().notNull(),
      /** Order of start within the execution, from 1. */
      ordinal: integer().notNull(),
      workspace_id: uuid().notNull(),
      node_id: text().notNull(),
      /** Null in rows from before it was kept. */
      node_type: text(),
      visit: integer().notNull(),
      status: text({ enum: ['running', 'retrying', 'waiting', 'completed', 'failed', 'cancelled'] }).notNull(),
      attempts: integer().notNull(),
      input: json().$type<Json>(),
      output: json().$type<Json>(),
      error: json().$type<NodeError>(),
      /** As in `executions`. */
      large: json().$type<readonly Hole[]>(),
      started_at: moment(),
      finished_at: moment(),
    },
    (t) => [primaryKey({ columns: [t.execution_id, t.ordinal] })],
  )

  /** The past of executions that ended before an actor was needed: what `files/run-archive` keeps of the others in R2. */
  const executionLogs = schema.table('execution_logs', {
    execution_id: uuid()
      .primaryKey()
      .references(() => executions.id, { onDelete: 'cascade' }),
    lines: text().notNull(),
  })

  /** Prefixes of objects in R2 that nothing names any more: written in the transaction that forgets them. */
  const objectDeletions = schema.table('object_deletions', { prefix: text().primaryKey(), created_at: createdAt() })
  return { executions, executionVisits, executionLogs, objectDeletions }
}
