import { and, eq, isNull, lt, or } from 'drizzle-orm'
import type { Db } from '#db/connect'

/** A busy webhook writes its row this often at most. */
const NOTE_EVERY_MS = 1_000

interface Fired {
  readonly id: string
  readonly workspaceId: string
}

/** Writes down that a trigger fired, and with which execution. */
export async function noteFired(db: Db, { id, workspaceId }: Fired, executionId: string, at: number): Promise<void> {
  const { workflowTriggers: table } = db.tables
  const isDue = or(isNull(table.last_fired_at), lt(table.last_fired_at, new Date(at - NOTE_EVERY_MS)))
  await db
    .update(table)
    .set({ last_fired_at: new Date(at), last_execution_id: executionId })
    .where(and(eq(table.id, id), eq(table.workspace_id, workspaceId), isDue))
}

/** Whether it was written down so lately that this time is not. */
export function isNoted(firedAt: number | undefined, at: number): boolean {
  return firedAt !== undefined && at < firedAt + NOTE_EVERY_MS
}

/** Writes down why a trigger could not start its workflow, for those who maintain it. */
export async function noteFailed(db: Db, { id, workspaceId }: Fired, code: string, at: number): Promise<void> {
  const { workflowTriggers: table } = db.tables
  await db
    .update(table)
    .set({ last_error: code, last_error_at: new Date(at) })
    .where(and(eq(table.id, id), eq(table.workspace_id, workspaceId)))
}
