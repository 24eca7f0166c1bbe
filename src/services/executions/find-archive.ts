import { and, eq, isNotNull } from 'drizzle-orm'
import type { ExecutionStatus } from '#core/workflow/run'
import { openRunArchive, parseRunArchive, type RunArchive } from '#files/run-archive'
import type { PublicCtx } from '#services/context'
import { archiveKey } from './run-objects.ts'

/** A run's past, with how it stood at its end. */
export interface FoundArchive extends RunArchive {
  readonly status: ExecutionStatus
  readonly lastSeq: number
}

/**
 * The events of an execution whose actor has been emptied, or that never had one; undefined while the actor has them, and
 * for any other id.
 */
export async function findArchive(
  { env, db }: Pick<PublicCtx, 'env' | 'db'>,
  workspaceId: string,
  id: string,
): Promise<FoundArchive | undefined> {
  const { executions, executionLogs: logs } = db.tables
  const [row] = await db
    .select({ id: executions.id, status: executions.status, lastSeq: executions.seq, lines: logs.lines })
    .from(executions)
    .leftJoin(logs, eq(logs.execution_id, executions.id))
    .where(and(eq(executions.id, id), eq(executions.workspace_id, workspaceId), isNotNull(executions.archived_at)))
  if (row === undefined) return undefined
  const { id: found, status, lastSeq, lines } = row
  const archive =
    lines === null ? await openRunArchive(env.FILES, archiveKey(workspaceId, found)) : parseRunArchive(lines)
  return archive && { ...archive, status, lastSeq }
}
