import type { z } from 'zod'

/** An event with its place in the log: dense from 1. */
export interface Logged<Event> {
  readonly seq: number
  readonly event: Event
}

/** The append-only log of an actor: what happened, in order, never changed. */
export interface EventLog<Event> {
  /** Appends within the caller's transaction. */
  append(events: readonly Event[]): void
  /** Events behind `after`, at most `limit`. */
  read(after: number, limit: number): Logged<Event>[]
  all(): Iterable<Event>
  /** The last `seq`, 0 when empty. */
  lastSeq(): number
}

export const EVENT_LOG_SCHEMA = 'CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)'

/** A log over the table of `EVENT_LOG_SCHEMA`. Stored events are parsed by the schema: code may be newer than they. */
export function createEventLog<Schema extends z.ZodType>(sql: SqlStorage, schema: Schema): EventLog<z.infer<Schema>> {
  let last: number | undefined
  const lastSeq = (): number =>
    (last ??= sql.exec<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events').one().seq)
  return {
    lastSeq,
    append(events) {
      for (const event of events) {
        const seq = lastSeq() + 1
        sql.exec('INSERT INTO events (seq, body) VALUES (?, ?)', seq, JSON.stringify(event))
        last = seq
      }
    },
    read: (after, limit) =>
      sql
        .exec<{ seq: number; body: string }>(
          'SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
          after,
          limit,
        )
        .toArray()
        .map((row) => ({ seq: row.seq, event: schema.parse(JSON.parse(row.body)) })),
    *all() {
      for (const row of sql.exec<{ body: string }>('SELECT body FROM events ORDER BY seq')) {
        yield schema.parse(JSON.parse(row.body))
      }
    },
  }
}
