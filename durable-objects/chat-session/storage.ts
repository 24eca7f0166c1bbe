import { Naming } from '#core/chat/title'
import { ChatEvent, ChatHeader, Turn } from '#core/chat/turn'
import { createEventLog, EVENT_LOG_SCHEMA, type EventLog } from '#durable-objects/shared/event-log'
import { hasTables, migrateActor } from '#durable-objects/shared/migrate'
import { OUTBOX_SCHEMA } from '#durable-objects/shared/outbox'
import { createSpentUsage, SPENT_USAGE_SCHEMA, type SpentUsage } from '#durable-objects/shared/spent-usage'
import { createMessages, type Messages, MESSAGES_SCHEMA } from './messages.ts'
import type { KeptSummary } from './open-context.ts'

const STEPS = [
  `CREATE TABLE chat (header TEXT NOT NULL);
   CREATE TABLE turns (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
   CREATE TABLE burnt_tickets (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
   CREATE TABLE summary (up_to TEXT NOT NULL, body TEXT NOT NULL);
   ${SPENT_USAGE_SCHEMA};
   ${MESSAGES_SCHEMA};
   ${EVENT_LOG_SCHEMA};
   ${OUTBOX_SCHEMA};`,
  'CREATE TABLE abandoned (execution_id TEXT PRIMARY KEY) WITHOUT ROWID;',
  'CREATE TABLE naming (body TEXT NOT NULL)',
]

/** Events that a client which was away gets again; behind them it gets the messages as they stand. */
const KEPT_EVENTS = 2_000
/** Large ones are kept in smaller number. */
const KEPT_CHARS = 8_000_000
const KEPT_LARGE_EVENTS = 200

interface Abandoned {
  add(executionId: string): void
  all(): string[]
  remove(executionId: string): void
}

/** All SQL of a chat's actor. The outbox and the event log have their own over the same tables. */
export interface ChatStorage {
  readonly log: EventLog<ChatEvent>
  readonly messages: Messages
  /** What is owed to the ledger. */
  readonly spent: SpentUsage
  /** Executions to be cancelled. */
  readonly abandoned: Abandoned
  /** Of the messages that a model is no longer given. */
  summary(): KeptSummary | undefined
  setSummary(summary: KeptSummary): void
  /** Where the chat stands with the title that a model gives it. */
  naming(): Naming | undefined
  setNaming(naming: Naming | undefined): void
  /** Makes the tables; within the caller's transaction. */
  create(header: ChatHeader): void
  /** Undefined when nothing was ever said here: asking writes nothing. */
  load(): ChatHeader | undefined
  addTurn(turn: Turn): void
  setTurn(turn: Turn): void
  removeTurn(id: string): void
  /** Those that are not over: at most the first is under way. */
  turns(): Turn[]
  firstTurn(): Turn | undefined
  /** Lets go of old events; never of those of the turn that is under way. */
  trimLog(): void
  /** True once for each ticket: the second use finds it burnt. */
  burnTicket(id: string, expiresAt: number, now: number): boolean
}

export function createChatStorage(sql: SqlStorage): ChatStorage {
  const log = createEventLog(sql, ChatEvent)
  const turns = (limit: number): Turn[] =>
    sql
      .exec<{ body: string }>('SELECT body FROM turns ORDER BY ordinal LIMIT ?', limit)
      .toArray()
      .map(({ body }) => Turn.parse(JSON.parse(body)))
  const firstTurn = (): Turn | undefined => turns(1)[0]
  return {
    log,
    messages: createMessages(sql),
    spent: createSpentUsage(sql),
    abandoned: {
      add: (id) => void sql.exec('INSERT OR IGNORE INTO abandoned VALUES (?)', id),
      all: () =>
        sql
          .exec<{ id: string }>('SELECT execution_id AS id FROM abandoned')
          .toArray()
          .map(({ id }) => id),
      remove: (id) => void sql.exec('DELETE FROM abandoned WHERE execution_id = ?', id),
    },
    summary() {
      const [row] = sql.exec<{ up_to: string; body: string }>('SELECT up_to, body FROM summary').toArray()
      return row && { upTo: row.up_to, text: row.body }
    },
    setSummary({ upTo, text }) {
      sql.exec('DELETE FROM summary')
      sql.exec('INSERT INTO summary VALUES (?, ?)', upTo, text)
    },
    naming() {
      const [row] = sql.exec<{ body: string }>('SELECT body FROM naming').toArray()
      return row && Naming.parse(JSON.parse(row.body))
    },
    setNaming(naming) {
      sql.exec('DELETE FROM naming')
      if (naming !== undefined) sql.exec('INSERT INTO naming VALUES (?)', JSON.stringify(naming))
    },
    create(header) {
      migrateActor(sql, STEPS)
      sql.exec('INSERT INTO chat VALUES (?)', JSON.stringify(header))
    },
    load() {
      if (!hasTables(sql)) return undefined
      migrateActor(sql, STEPS)
      return ChatHeader.parse(JSON.parse(sql.exec<{ header: string }>('SELECT header FROM chat').one().header))
    },
    addTurn: (turn) => void sql.exec('INSERT INTO turns (id, body) VALUES (?, ?)', turn.id, JSON.stringify(turn)),
    setTurn: (turn) => void sql.exec('UPDATE turns SET body = ? WHERE id = ?', JSON.stringify(turn), turn.id),
    removeTurn: (id) => void sql.exec('DELETE FROM turns WHERE id = ?', id),
    turns: () => turns(1_000),
    firstTurn,
    trimLog() {
      const chars = sql
        .exec<{ chars: number }>('SELECT coalesce(sum(length(body)), 0) AS chars FROM events')
        .one().chars
      const kept = chars > KEPT_CHARS ? KEPT_LARGE_EVENTS : KEPT_EVENTS
      const began = firstTurn()?.beganAfter
      const from = Math.min(log.lastSeq() - kept, began === undefined ? Infinity : began) + 1
      if (from > log.firstSeq()) log.forget(from)
    },
    burnTicket(id, expiresAt, now) {
      sql.exec('DELETE FROM burnt_tickets WHERE expires_at < ?', now)
      const { rowsWritten } = sql.exec('INSERT OR IGNORE INTO burnt_tickets VALUES (?, ?)', id, expiresAt)
      return rowsWritten > 0
    },
  }
}
