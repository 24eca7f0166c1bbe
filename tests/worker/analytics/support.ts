/** Executions and calls of models as they would have been projected, written straight into PostgreSQL. */
import { env } from 'cloudflare:workers'
import type { ExecutionStatus } from '#core/workflow/run'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { countExecutions } from '#services/maintenance/count-executions'

export interface Ran {
  readonly workspaceId: string
  readonly at: string
  readonly status?: ExecutionStatus
  readonly ms?: number
  readonly workflowId?: string
  readonly userId?: string
  readonly nodes?: readonly (readonly [type: string, status: 'completed' | 'failed'])[]
}

/** Writes executions; their ids. */
export async function ran(...all: readonly Ran[]): Promise<readonly string[]> {
  const db = connect(env)
  const { executions, executionVisits } = db.tables
  const rows = all.map((one) => {
    const { workspaceId, at, status = 'completed', ms = 1_000, workflowId = newId(), userId = null } = one
    const isOver = ['completed', 'failed', 'cancelled', 'timeout'].includes(status)
    const created = new Date(at)
    return {
      id: newId(),
      workspace_id: workspaceId,
      workflow_id: workflowId,
      version: 1,
      status,
      trigger: 'manual',
      created_by: userId,
      created_at: created,
      started_at: created,
      finished_at: isOver ? new Date(created.getTime() + ms) : null,
      seq: 1,
    }
  })
  await db.insert(executions).values(rows)
  const visits = rows.flatMap(({ id, workspace_id, started_at, finished_at }, index) =>
    (all[index]?.nodes ?? []).map(([node_type, status], place) => ({
      execution_id: id,
      workspace_id,
      ordinal: place + 1,
      node_id: `n${place}`,
      node_type,
      visit: 1,
      status,
      attempts: 1,
      started_at,
      finished_at,
    })),
  )
  if (visits.length > 0) await db.insert(executionVisits).values(visits)
  return rows.map(({ id }) => id)
}

/** Counts all that has ended, as the sweep does. */
export async function countAll(): Promise<void> {
  const ctx = { db: connect(env), now: Date.now }
  while (await countExecutions(ctx));
}
