import type { Workflow } from '#core/workflow/workflow'
import type { Tables } from '#db/schema'

type WorkflowRow = Tables['workflows']['$inferSelect']

/** A row as clients see it. */
export function toWorkflow(row: WorkflowRow): Workflow {
  const { created_by: _, ...workflow } = row
  return { ...workflow, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}
