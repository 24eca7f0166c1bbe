import { z } from 'zod'
import { RunHeader } from '#core/workflow/execution'
import { Plan } from '#core/workflow/plan'
import type { RunEvent } from '#core/workflow/event'
import { StoredEvent, toStored } from '#core/workflow/stored-event'
import { createEventLog, EVENT_LOG_SCHEMA, type EventLog } from '#durable-objects/shared/event-log'
import { hasTables, migrateActor } from '#durable-objects/shared/migrate'
import { OUTBOX_SCHEMA } from '#durable-objects/shared/outbox'
import { cutText } from '#durable-objects/shared/pieces'
import { SENT_MAILS_SCHEMA } from './sent-mails.ts'
import { SPENT_USAGE_SCHEMA } from '#durable-objects/shared/spent-usage'

const STEPS = [
  `CREATE TABLE run (piece INTEGER PRIMARY KEY, body TEXT NOT NULL);
   CREATE TABLE burnt_tickets (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
   ${EVENT_LOG_SCHEMA};
   ${OUTBOX_SCHEMA};`,
  SENT_MAILS_SCHEMA,
  SPENT_USAGE_SCHEMA,
]

const StoredRun = z.object({ header: RunHeader, plan: Plan })
type StoredRun = z.infer<typeof StoredRun>

/** All SQL of a run's actor. The outbox and the event log have their own over the same tables. */
export interface RunStorage {
  readonly log: EventLog<RunEvent>
  /** Makes the tables and keeps what the run is; within the caller's transaction. */
  create(run: StoredRun): void
  /** What the run is, or undefined when nobody ever started it: asking writes nothing. */
  load(): StoredRun | undefined
  /** True once for each ticket: the second use finds it burnt. */
  burnTicket(id: string, expiresAt: number, now: number): boolean
}

export function createRunStorage(sql: SqlStorage): RunStorage {
  return {
    log: createEventLog(sql, StoredEvent, toStored),
    create({ header, plan }) {
      migrateActor(sql, STEPS)
      for (const piece of cutText(JSON.stringify({ header, plan } satisfies StoredRun))) {
        sql.exec('INSERT INTO run (body) VALUES (?)', piece)
      }
    },
    load() {
      if (!hasTables(sql)) return undefined
      migrateActor(sql, STEPS)
      const pieces = sql.exec<{ body: string }>('SELECT body FROM run ORDER BY piece').toArray()
      return StoredRun.parse(JSON.parse(pieces.map(({ body }) => body).join('')))
    },
    burnTicket(id, expiresAt, now) {
      sql.exec('DELETE FROM burnt_tickets WHERE expires_at < ?', now)
      const { rowsWritten } = sql.exec('INSERT OR IGNORE INTO burnt_tickets VALUES (?, ?)', id, expiresAt)
      return rowsWritten > 0
    },
  }
}
