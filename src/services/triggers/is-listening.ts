import { and, eq, isNull, or } from 'drizzle-orm'
import type { RunHeader } from '#core/workflow/execution'
import type { Open, Writing } from '#db/prepared'

interface OpenRun extends Pick<RunHeader, 'chain'> {
  readonly workspaceId: Open<string>
  readonly workflowId: Open<string>
}

/** Triggers that wait for the executions of this workflow, or for any: those only hear of what began by itself. */
export function isListening(db: Pick<Writing, 'tables'>, { workspaceId, workflowId, chain = [] }: OpenRun) {
  const { workflowTriggers: triggers } = db.tables
  const source = triggers.source_workflow_id
  return and(
    eq(triggers.workspace_id, workspaceId),
    eq(triggers.kind, 'execution'),
    chain.length === 0 ? or(eq(source, workflowId), isNull(source)) : eq(source, workflowId),
  )
}
