import { sql } from 'drizzle-orm'
import { type RunHeader, toExecution, toNodeVisits } from '#core/workflow/execution'
import type { Plan } from '#core/workflow/plan'
import { isFinal, type RunState } from '#core/workflow/run'
import type { Db } from '#db/connect'

/** Rows in one INSERT: a statement takes at most 65,535 parameters. */
const ROWS_PER_INSERT = 1_000

/**
 * Writes a run as it stands into PostgreSQL's list; a finished one with its visits. Idempotent, and never undoes a
 * newer projection.
 *
 * @param seq the length of the run's event log at this moment
 */
export async function projectExecution(
  db: Db,
  header: RunHeader,
  plan: Plan,
  state: RunState,
  seq: number,
): Promise<void> {
  const { executions, executionVisits } = db.tables
  const { id, workflow_id, version, status, trigger, inputs, output, error } = toExecution(header, state)
  const changing = {
    status,
    output,
    error,
    started_at: toDate(state.startedAt),
    finished_at: toDate(state.finishedAt),
    seq,
  }
  const upsert = db
    .insert(executions)
    .values({
      id,
      workflow_id,
      version,
      trigger,
      inputs,
      workspace_id: header.workspaceId,
      created_by: header.createdBy,
      created_at: new Date(header.createdAt),
      ...changing,
    })
    .onConflictDoUpdate({ target: executions.id, set: changing, setWhere: sql`${executions.seq} < ${seq}` })
  if (!isFinal(state.status)) return void (await upsert)

  const rows = toNodeVisits(plan, state).map((visit, index) => ({
    ...visit,
    execution_id: id,
    workspace_id: header.workspaceId,
    ordinal: index + 1,
    started_at: toDate(visit.started_at),
    finished_at: toDate(visit.finished_at),
  }))
  const inserts = chunk(rows, ROWS_PER_INSERT).map((part) =>
    db.insert(executionVisits).values(part).onConflictDoNothing(),
  )
  await db.batch([upsert, ...inserts])
}

function toDate(time: number | string | null | undefined): Date | null {
  return time === null || time === undefined ? null : new Date(time)
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}
