import { type RunHeader, toExecution, toNodeVisits } from '#core/workflow/execution'
import type { Plan } from '#core/workflow/plan'
import type { RunState } from '#core/workflow/run'
import { toOpenApprovals } from '#core/workflow/waits'

/**
 * A run as it stands, as a row of the list: what it is, and what changes while it runs.
 *
 * @param seq the length of its event log
 */
export function toExecutionRow(header: RunHeader, state: RunState, seq: number) {
  const { id, workflow_id, version, status, trigger, inputs, output, error, large, ...origin } = toExecution(
    header,
    state,
  )
  return {
    constant: {
      id,
      workflow_id,
      version,
      trigger,
      inputs,
      workspace_id: header.workspaceId,
      created_by: header.createdBy,
      created_at: new Date(header.createdAt),
      parent_execution_id: origin.parent_execution_id,
      retry_of: origin.retry_of,
    },
    changing: {
      status,
      output,
      error,
      started_at: toDate(state.startedAt),
      finished_at: toDate(state.finishedAt),
      approvals: toOpenApprovals(state),
      large,
      seq,
    },
  }
}

/** Its visits as rows, in order of their start. */
export function toVisitRows({ executionId, workspaceId }: RunHeader, plan: Plan, state: RunState) {
  return toNodeVisits(plan, state).map((visit, index) => ({
    ...visit,
    node_type: plan.nodes[visit.node_id]?.type ?? null,
    execution_id: executionId,
    workspace_id: workspaceId,
    ordinal: index + 1,
    started_at: toDate(visit.started_at),
    finished_at: toDate(visit.finished_at),
  }))
}

function toDate(time: number | string | null | undefined): Date | null {
  return time === null || time === undefined ? null : new Date(time)
}
