import type { Locale } from '#core/messages'
import type { Execution, ExecutionRecord, VisitRecord } from '#core/workflow/execution'
import { localizeNodeError } from '#core/workflow/node-error'
import { withHoles } from '#core/workflow/value'
import type { Tables } from '#db/schema'

/** A projected row as clients see it. */
export function toExecutionView(row: Tables['executions']['$inferSelect']): ExecutionRecord {
  const { started_at, finished_at } = row
  return {
    id: row.id,
    workflow_id: row.workflow_id,
    version: row.version,
    status: row.status,
    trigger: row.trigger,
    inputs: row.inputs,
    output: row.output,
    error: row.error,
    created_at: row.created_at.toISOString(),
    started_at: started_at?.toISOString() ?? null,
    finished_at: finished_at?.toISOString() ?? null,
    duration_ms: started_at === null || finished_at === null ? null : finished_at.getTime() - started_at.getTime(),
    parent_execution_id: row.parent_execution_id,
    retry_of: row.retry_of,
    ...withHoles(row.large ?? []),
  }
}

export function toNodeVisitView(row: Tables['executionVisits']['$inferSelect']): VisitRecord {
  const { node_id, visit, status, attempts, input, output, error } = row
  return {
    node_id,
    visit,
    status,
    attempts,
    input,
    output,
    error,
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    ...withHoles(row.large ?? []),
  }
}

/** The same with its error in the reader's language. */
export function inLocale<T extends Pick<Execution, 'error'>>(item: T, locale: Locale): T {
  return item.error === null ? item : { ...item, error: localizeNodeError(item.error, locale) }
}
