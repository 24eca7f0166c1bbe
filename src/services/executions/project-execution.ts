import { and, eq, exists, notExists, sql } from 'drizzle-orm'
import { executionEvent } from '#core/events/of-things'
import type { NodeVisit, RunHeader } from '#core/workflow/execution'
import type { Plan } from '#core/workflow/plan'
import { isFinal, type RunState } from '#core/workflow/run'
import type { Db } from '#db/connect'
import { hasSubscribers, insertEvent } from '#services/events/insert-event'
import { isListening } from '#services/triggers/is-listening'
import { toExecutionRow, toVisitRows } from './to-rows.ts'

/** Rows in one INSERT: a statement takes at most 65,535 parameters. */
const ROWS_PER_INSERT = 1_000
/** Of the values in one INSERT: the platform passes at most 32 MiB from one worker to another. */
const CHARS_PER_INSERT = 4_000_000

/** Asked in passing, so that a run that nobody follows tells no hub, and one that nothing waits for looks for nothing. */
interface Projected {
  /** Somebody watches the workspace. */
  readonly isWatched: boolean
  /** It has ended, and triggers wait for that. */
  readonly isAwaited: boolean
  /** Subscriptions are to be told of it. */
  readonly isTold: boolean
}

/**
 * Writes a run as it stands into PostgreSQL's list; a finished one with its visits, which are there before the list
 * says that it has ended. Idempotent, and never undoes a newer projection. Of a workspace that was deleted meanwhile
 * nothing is left.
 *
 * @param seq the length of the run's event log at this moment
 * @returns who is to be told of it
 */
export async function projectExecution(
  db: Db,
  header: RunHeader,
  plan: Plan,
  state: RunState,
  seq: number,
): Promise<Projected> {
  const { executions, executionVisits } = db.tables
  const { constant, changing } = toExecutionRow(header, state, seq)
  const { id } = constant
  const upsert = db
    .insert(executions)
    .values({ ...constant, ...changing })
    .onConflictDoUpdate({ target: executions.id, set: changing, setWhere: sql`${executions.seq} < ${seq}` })
  const { workspaces } = db.tables
  const isWorkspace = eq(workspaces.id, header.workspaceId)
  const watched = { watched: sql`coalesce(${workspaces.watched_until} > now(), false)`.mapWith(Boolean) }
  if (!isFinal(state.status)) {
    const written = db.$with('written').as(upsert.returning({ id: executions.id }))
    const [workspace] = await db.with(written).select(watched).from(workspaces).where(isWorkspace)
    return { isWatched: workspace?.watched ?? false, isAwaited: false, isTold: false }
  }

  const rows = toVisitRows(header, plan, state)
  const inserts = chunk(rows).map((part) => db.insert(executionVisits).values(part).onConflictDoNothing())
  const last = inserts.pop()
  for (const insert of inserts) await insert
  const isOrphan = notExists(db.select({ id: workspaces.id }).from(workspaces).where(isWorkspace))
  const { workflowTriggers } = db.tables
  const awaited = exists(db.select({ id: workflowTriggers.id }).from(workflowTriggers).where(isListening(db, header)))
  const event = executionEvent(header, state)
  const isTold = hasSubscribers(db, header.workspaceId)
  const [found] = await db.batch([
    // A deletion of the workspace waits for this, and then takes these rows along; or this waits, and finds it gone.
    db
      .select({ ...watched, awaited, isTold })
      .from(workspaces)
      .where(isWorkspace)
      .for('key share'),
    ...(event === undefined ? [] : [insertEvent(db, header.workspaceId, event)]),
    ...(last === undefined ? [] : [last]),
    upsert,
    db.delete(executionVisits).where(and(eq(executionVisits.execution_id, id), isOrphan)),
    db.delete(executions).where(and(eq(executions.id, id), isOrphan)),
  ])
  const [workspace] = found
  return {
    isWatched: workspace?.watched ?? false,
    isAwaited: workspace?.awaited === true,
    isTold: workspace?.isTold === true,
  }
}

/** Rows in parts that an INSERT takes. */
function chunk<Row extends Pick<NodeVisit, 'input' | 'output'>>(rows: readonly Row[]): Row[][] {
  const parts: Row[][] = []
  let part: Row[] = []
  let chars = 0
  for (const row of rows) {
    const size = JSON.stringify([row.input, row.output]).length
    if (part.length === ROWS_PER_INSERT || chars + size > CHARS_PER_INSERT) {
      parts.push(part)
      part = []
      chars = 0
    }
    part.push(row)
    chars += size
  }
  return [...parts, part].filter(({ length }) => length > 0)
}
