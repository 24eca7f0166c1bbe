import { and, exists, not, notExists, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { executionEvent } from '#core/events/of-things'
import type { CompletedRun } from '#core/workflow/run-at-once'
import type { Db } from '#db/connect'
import { printRunArchive } from '#files/run-archive'
import type { PublicCtx } from '#services/context'
import { insertEvent, isFor } from '#services/events/insert-event'
import { type Claim, claiming, findingClaimed } from '#services/idempotency/claim-id'
import { isListening } from '#services/triggers/fire-execution'
import { createTelling } from '#telemetry/run-telemetry'
import { toExecutionRow, toVisitRows } from './to-rows.ts'

/** More than this is for an actor, which writes in parts. */
const MAX_CHARS = 1_000_000
/** What PostgreSQL's JSON functions do not read, as `JSON.stringify` writes it: NUL, and surrogates without their other half. */
const UNREADABLE = /\\u(?:0000|d[89a-f])/

/**
 * Writes a run that has completed with all that is ever asked of it, in one statement: its row, its visits, its past,
 * what subscriptions are told, and the key under which it was asked for, all or nothing.
 *
 * @param claim the key that makes a repeat the same run
 * @returns false where nothing was written: somebody watches the workspace or waits for the end of its executions,
 *   the key belongs to another run, or what it holds does not fit. Then the run is to begin in an actor
 * @throws DatabaseUnavailable when it may or may not be written
 */
export async function saveAtOnce(
  { env, db, later }: Pick<PublicCtx, 'env' | 'db' | 'later'>,
  run: CompletedRun,
  claim?: Claim,
): Promise<boolean> {
  const { header, plan, state, events } = run
  const { executions, executionVisits, executionLogs } = db.tables
  const { constant, changing } = toExecutionRow(header, state, events.length)
  const row = JSON.stringify({ ...constant, ...changing, archived_at: changing.finished_at })
  const visits = JSON.stringify(toVisitRows(header, plan, state))
  const lines = printRunArchive({ header, plan }, events)
  if (row.length + visits.length + lines.length > MAX_CHARS || UNREADABLE.test(row + visits)) return false
  const event = executionEvent(header, state)
  const isSaved = sql`exists (select 1 from saved)`
  const told =
    event === undefined
      ? sql`select 1 where false`
      : insertEvent(db, header.workspaceId, event, and(isFor(db, event.type), isSaved))
  const [saved] = await db.execute<{ told: number }>(sql`
    with home as (${homeOf(db, run, claim)}),
    claimed (id) as ${claim === undefined ? sql`(select ${header.executionId}::uuid from home)` : claiming(db, claim, sql`home`)},
    saved as (
      insert into ${executions} select made.* from claimed, json_populate_record(null::${executions}, ${row}::json) made
      where made.id = claimed.id returning id
    ), visits as (
      insert into ${executionVisits} select made.*
      from saved, json_populate_recordset(null::${executionVisits}, ${visits}::json) made
    ), log as (
      insert into ${executionLogs} select id, ${lines}::text from saved
    ), told as ${told}
    select (select count(*) from told)::int as told from saved`)
  if (saved === undefined) return false
  createTelling({ ctx: { waitUntil: (work) => later(() => work) }, env }, run)('pending', events)
  // One that is lost is made up for by the sweep.
  if (saved.told > 0) later(() => eventDispatch(env, header.workspaceId).poke(header.workspaceId))
  return true
}

/** The workspace, where nobody has to be told and this is no repeat: that is seen here, so that it writes nothing. A deletion of it waits for this, and then takes these rows along. */
function homeOf(db: Db, { header }: CompletedRun, claim: Claim | undefined) {
  const { workspaces, workflowTriggers } = db.tables
  const awaited = exists(db.select({ id: workflowTriggers.id }).from(workflowTriggers).where(isListening(db, header)))
  const isNew = claim === undefined ? sql`true` : notExists(findingClaimed(db, claim))
  return sql`select ${workspaces.id} from ${workspaces} where ${workspaces.id} = ${header.workspaceId}
    and not coalesce(${workspaces.watched_until} > now(), false) and ${not(awaited)} and ${isNew} for key share of ${sql.identifier('workspaces')}`
}
