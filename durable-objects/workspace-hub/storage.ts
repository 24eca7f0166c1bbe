import { type Heard, WorkspaceEvent } from '#core/hub/news'
import type { ExecutionStatus } from '#core/workflow/run'
import { createEventLog, EVENT_LOG_SCHEMA, type EventLog } from '#durable-objects/shared/event-log'
import { hasTables, migrateActor } from '#durable-objects/shared/migrate'
import { type Connections, CONNECTIONS_SCHEMA, createConnections } from './connections.ts'

const STEPS = [
  `CREATE TABLE hub (workspace_id TEXT NOT NULL, watched_until INTEGER NOT NULL, since INTEGER NOT NULL);
   CREATE TABLE heard (execution_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX heard_at ON heard (at);
   CREATE TABLE burnt_tickets (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
   ${EVENT_LOG_SCHEMA};
   ${CONNECTIONS_SCHEMA}`,
]

/** Events that can be replayed. */
const KEPT_EVENTS = 1_000
/** Forgotten only so often: deleting costs as much as writing. */
const SLACK = 100
/** Executions whose news are told from old news. An execution's second delivery comes within a minute or two. */
const KEPT_HEARD = 10_000

/** Until when executions tell us, and since when they have done so without a gap. Unix milliseconds. */
export interface Lease {
  readonly until: number
  readonly since: number
}

/** All SQL of a hub, but for the log's own. */
export interface HubStorage {
  readonly log: EventLog<WorkspaceEvent>
  readonly connections: Connections
  /** Makes the tables; within the caller's transaction. */
  create(workspaceId: string): void
  /** The id of the workspace, or undefined when nobody was ever connected here: asking writes nothing. */
  load(): string | undefined
  lease(): Lease
  setLease(lease: Lease): void
  heard(executionId: string): Heard | undefined
  setHeard(executionId: string, heard: Heard, now: number): void
  /** Lets go of what is too old to be replayed or repeated. */
  trim(): void
  /** True once for each ticket: the second use finds it burnt. */
  burnTicket(id: string, expiresAt: number, now: number): boolean
}

export function createHubStorage(sql: SqlStorage): HubStorage {
  const log = createEventLog(sql, WorkspaceEvent)
  return {
    log,
    connections: createConnections(sql),
    create(workspaceId) {
      migrateActor(sql, STEPS)
      sql.exec('INSERT INTO hub VALUES (?, 0, 0)', workspaceId)
    },
    load() {
      if (!hasTables(sql)) return undefined
      migrateActor(sql, STEPS)
      return sql.exec<{ workspace_id: string }>('SELECT workspace_id FROM hub').one().workspace_id
    },
    lease: () => sql.exec<{ until: number; since: number }>('SELECT watched_until AS until, since FROM hub').one(),
    setLease: ({ until, since }) => void sql.exec('UPDATE hub SET watched_until = ?, since = ?', until, since),
    heard: (executionId) =>
      sql
        .exec<{ seq: number; status: ExecutionStatus }>(
          'SELECT seq, status FROM heard WHERE execution_id = ?',
          executionId,
        )
        .toArray()[0],
    setHeard: (executionId, { seq, status }, now) =>
      void sql.exec('INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?)', executionId, seq, status, now),
    trim() {
      const surplus = log.lastSeq() - log.firstSeq() + 1 - KEPT_EVENTS
      if (surplus < SLACK) return
      log.forget(log.firstSeq() + surplus)
      sql.exec('DELETE FROM heard WHERE at <= (SELECT at FROM heard ORDER BY at DESC LIMIT 1 OFFSET ?)', KEPT_HEARD)
    },
    burnTicket(id, expiresAt, now) {
      sql.exec('DELETE FROM burnt_tickets WHERE expires_at < ?', now)
      return sql.exec('INSERT OR IGNORE INTO burnt_tickets VALUES (?, ?)', id, expiresAt).rowsWritten > 0
    },
  }
}
