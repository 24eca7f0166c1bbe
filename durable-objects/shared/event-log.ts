import { cutText } from './pieces.ts'

/** An event with its place in the log: dense from 1. */
export interface Logged<Event> {
  readonly seq: number
  readonly event: Event
}

/** The append-only log of an actor: what happened, in order, never changed. */
export interface EventLog<Event> {
  /** Appends within the caller's transaction. */
  append(events: readonly Event[]): void
  /** Events behind `after`, at most `limit`, and few of them when they are large. */
  read(after: number, limit: number): Logged<Event>[]
  all(): Iterable<Event>
  since(after: number): Iterable<Event>
  /** The last `seq`, 0 when empty. */
  lastSeq(): number
  /** The first `seq` that is still here, 0 when empty. */
  firstSeq(): number
  /** Lets go of everything before `seq`, for logs that are kept for a time only. Keep one event: it holds the count. */
  forget(seq: number): void
}

/** `place` is seq * PLACES + the number of the piece: a large event takes several rows. */
export const EVENT_LOG_SCHEMA = 'CREATE TABLE events (place INTEGER PRIMARY KEY, body TEXT NOT NULL)'
const PLACES = 1_000
/** Of one `read`: the platform passes at most 32 MiB from one worker to another. */
const READ_CHARS = 8_000_000

/**
 * A log over the table of `EVENT_LOG_SCHEMA`. Stored events are parsed by the schema: code may be newer than they.
 *
 * @param toStored what JSON is to carry of an event
 */
export function createEventLog<Event>(
  sql: SqlStorage,
  schema: { parse(stored: unknown): Event },
  toStored: (event: Event) => unknown = (event) => event,
): EventLog<Event> {
  let last: number | undefined
  const lastSeq = (): number =>
    (last ??= sql.exec<{ seq: number }>(`SELECT coalesce(max(place), 0) / ${PLACES} AS seq FROM events`).one().seq)

  function* from(after: number): Generator<Logged<Event> & { readonly chars: number }> {
    const rows = sql.exec<{ place: number; body: string }>(
      'SELECT place, body FROM events WHERE place >= ? ORDER BY place',
      (after + 1) * PLACES,
    )
    let seq = after
    let text = ''
    for (const { place, body } of rows) {
      const next = Math.floor(place / PLACES)
      if (next !== seq && text !== '') yield { seq, event: schema.parse(JSON.parse(text)), chars: text.length }
      text = next === seq ? text + body : body
      seq = next
    }
    if (text !== '') yield { seq, event: schema.parse(JSON.parse(text)), chars: text.length }
  }

  return {
    lastSeq,
    firstSeq: () =>
      sql.exec<{ seq: number }>(`SELECT coalesce(min(place), 0) / ${PLACES} AS seq FROM events`).one().seq,
    forget: (seq) => void sql.exec('DELETE FROM events WHERE place < ?', seq * PLACES),
    append(events) {
      for (const event of events) {
        const seq = lastSeq() + 1
        for (const [index, piece] of cutText(JSON.stringify(toStored(event))).entries()) {
          sql.exec('INSERT INTO events (place, body) VALUES (?, ?)', seq * PLACES + index, piece)
        }
        last = seq
      }
    },
    read(after, limit) {
      const events: Logged<Event>[] = []
      let chars = 0
      for (const logged of from(after)) {
        chars += logged.chars
        if (events.length > 0 && chars > READ_CHARS) break
        events.push({ seq: logged.seq, event: logged.event })
        if (events.length === limit) break
      }
      return events
    },
    *all() {
      for (const { event } of from(0)) yield event
    },
    *since(after) {
      for (const { event } of from(after)) yield event
    },
  }
}
