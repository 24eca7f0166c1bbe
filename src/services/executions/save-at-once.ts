import { and, exists, not, notExists, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { eventDispatch } from '#actors'
import { executionEvent } from '#core/events/of-things'
import type { CompletedRun } from '#core/workflow/run-at-once'
import { type Writing, writeOnce } from '#db/prepared'
import { printRunArchive } from '#files/run-archive'
import type { PublicCtx } from '#services/context'
import { eventValues, insertingEvent, isFor } from '#services/events/insert-event'
import { type Claim, claiming, findingClaimed } from '#services/idempotency/claim-id'
import { isListening } from '#services/triggers/is-listening'
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
  const { constant, changing } = toExecutionRow(header, state, events.length)
  const row = JSON.stringify({ ...constant, ...changing, archived_at: changing.finished_at })
  const visits = JSON.stringify(toVisitRows(header, plan, state))
  const lines = printRunArchive({ header, plan }, events)
  if (row.length + visits.length + lines.length > MAX_CHARS || UNREADABLE.test(row + visits)) return false
  const event = executionEvent(header, state)
  const { executionId: id, workspaceId, workflowId, chain = [] } = header
  const shape = { isClaimed: claim !== undefined, isTold: event !== undefined, isBelow: chain.length > 0 }
  const [saved] = await save(db, shapeOf(shape), {
    ...(event && prefixed('event', eventValues(workspaceId, event))),
    ...(claim && prefixed('claim', claim)),
    id,
    workspaceId,
    workflowId,
    row,
    visits,
    lines,
  })
  if (saved === undefined) return false
  createTelling({ ctx: { waitUntil: (work) => later(() => work) }, env }, run)('pending', events)
  // One that is lost is made up for by the sweep.
  if (Saved.parse(saved).told > 0) later(() => eventDispatch(env, header.workspaceId).poke(header.workspaceId))
  return true
}

const Saved = z.object({ told: z.int() })

/** What a statement is about, beside the run. */
interface Shape {
  /** A key stands for it. */
  readonly isClaimed: boolean
  /** Subscriptions may be told of it. */
  readonly isTold: boolean
  /** Others began it, and ends of such executions are awaited in fewer ways. */
  readonly isBelow: boolean
}
type ShapeText = `${boolean} ${boolean} ${boolean}`

function shapeOf({ isClaimed, isTold, isBelow }: Shape): ShapeText {
  return `${isClaimed} ${isTold} ${isBelow}`
}

function prefixed(prefix: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]))
}

const { placeholder } = sql
const CLAIM = {
  workspaceId: placeholder('claim.workspaceId'),
  userId: placeholder('claim.userId'),
  key: placeholder('claim.key'),
  requestHash: placeholder('claim.requestHash'),
  id: placeholder('claim.id'),
}
const EVENT = {
  workspaceId: placeholder('event.workspaceId'),
  id: placeholder('event.id'),
  type: placeholder('event.type'),
  payload: placeholder('event.payload'),
}
const WORKSPACE_ID = placeholder('workspaceId')

const save = writeOnce((db, shape: ShapeText) => {
  const { executions, executionVisits, executionLogs } = db.tables
  const [isClaimed, isTold, isBelow] = shape.split(' ').map((is) => is === 'true')
  const isSaved = sql`exists (select 1 from saved)`
  const told = isTold ? insertingEvent(db, EVENT, and(isFor(db, EVENT.type), isSaved)) : sql`select 1 where false`
  return sql`
    with home as (${homeOf(db, isClaimed === true, isBelow === true)}),
    claimed (id) as ${isClaimed ? claiming(db, CLAIM, sql`home`) : sql`(select ${placeholder('id')}::uuid from home)`},
    saved as (
      insert into ${executions} select made.* from claimed,
        json_populate_record(null::${executions}, ${placeholder('row')}::json) made
      where made.id = claimed.id returning id
    ), visits as (
      insert into ${executionVisits} select made.*
      from saved, json_populate_recordset(null::${executionVisits}, ${placeholder('visits')}::json) made
    ), log as (
      insert into ${executionLogs} select id, ${placeholder('lines')}::text from saved
    ), told as ${told}
    select (select count(*) from told)::int as told from saved`
})

/** The workspace, where nobody has to be told and this is no repeat: that is seen here, so that it writes nothing. A deletion of it waits for this, and then takes these rows along. */
function homeOf(db: Writing, isClaimed: boolean, isBelow: boolean): SQL {
  const { workspaces, workflowTriggers } = db.tables
  const run = { workspaceId: WORKSPACE_ID, workflowId: placeholder('workflowId'), chain: isBelow ? ['other'] : [] }
  const awaited = exists(db.select({ id: workflowTriggers.id }).from(workflowTriggers).where(isListening(db, run)))
  const isNew = isClaimed ? notExists(findingClaimed(db, CLAIM)) : sql`true`
  return sql`select ${workspaces.id} from ${workspaces} where ${workspaces.id} = ${WORKSPACE_ID}
    and not coalesce(${workspaces.watched_until} > now(), false) and ${not(awaited)} and ${isNew} for key share of ${sql.identifier('workspaces')}`
}
