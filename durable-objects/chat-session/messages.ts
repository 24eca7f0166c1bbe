import { ChatMessage } from '#core/chat/message'
import { cutText } from '#durable-objects/shared/pieces'

/** `rev` counts what was written, `projected` how much of that PostgreSQL has; `gone` is superseded. */
export const MESSAGES_SCHEMA = `
  CREATE TABLE messages (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, turn_id TEXT NOT NULL, role TEXT NOT NULL,
    rev INTEGER NOT NULL DEFAULT 1, projected INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX messages_turn ON messages (turn_id);
  CREATE TABLE message_pieces (ordinal INTEGER NOT NULL, piece INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (ordinal, piece)) WITHOUT ROWID;
  CREATE TABLE dropped (count INTEGER NOT NULL);
  INSERT INTO dropped VALUES (0)`

/** Of a chat's latest messages that its actor keeps: older ones are read from PostgreSQL, once they are there. */
const KEPT_MESSAGES = 500
/** Of one answer or delivery: the platform passes at most 32 MiB from one worker to another. */
const ANSWER_CHARS = 8_000_000

/** A message on its way to PostgreSQL. */
export interface Unprojected {
  readonly ordinal: number
  readonly rev: number
  readonly isGone: boolean
  readonly message: ChatMessage
}

/** The messages of a chat that its actor keeps. */
export interface Messages {
  /** Adds it, or puts it in the place of what it was. */
  put(message: ChatMessage): void
  find(id: string): ChatMessage | undefined
  answerOf(turnId: string): ChatMessage | undefined
  askedIn(turnId: string): ChatMessage | undefined
  /** Those that stand, also those that are no longer here. */
  count(): number
  /** The latest `limit` behind the latest `skip`, in reading order; undefined where they are no longer all here. */
  latest(skip: number, limit: number): ChatMessage[] | undefined
  /** The latest that are here and stand, in reading order. */
  kept(limit?: number): ChatMessage[]
  /** What was said first, as far as it is here. */
  opening(): ChatMessage | undefined
  /** This one and all behind it that stand; undefined when it is not here. */
  since(id: string): ChatMessage[] | undefined
  supersede(ids: readonly string[]): void
  /** Some that PostgreSQL does not have as they are. */
  unprojected(): Unprojected[]
  markProjected(done: readonly Unprojected[]): void
}

interface Row extends Record<string, number> {
  readonly ordinal: number
  readonly rev: number
  readonly gone: number
}

export function createMessages(sql: SqlStorage): Messages {
  function read(ordinal: number): { readonly message: ChatMessage; readonly chars: number } {
    const pieces = sql.exec<{ body: string }>(
      'SELECT body FROM message_pieces WHERE ordinal = ? ORDER BY piece',
      ordinal,
    )
    const text = pieces
      .toArray()
      .map(({ body }) => body)
      .join('')
    return { message: ChatMessage.parse(JSON.parse(text)), chars: text.length }
  }

  /** As many as fit into an answer, at least one. */
  function readSome(rows: readonly Row[]): { readonly row: Row; readonly message: ChatMessage }[] {
    const found: { row: Row; message: ChatMessage }[] = []
    let total = 0
    for (const row of rows) {
      const { message, chars } = read(row.ordinal)
      total += chars
      if (found.length > 0 && total > ANSWER_CHARS) break
      found.push({ row, message })
    }
    return found
  }

  const rows = (rest: string, ...values: (string | number)[]): Row[] =>
    sql.exec<Row>(`SELECT ordinal, rev, gone FROM messages ${rest}`, ...values).toArray()
  const first = (rest: string, ...values: (string | number)[]): ChatMessage | undefined => {
    const [row] = rows(rest, ...values)
    return row && read(row.ordinal).message
  }
  const dropped = (): number => sql.exec<{ count: number }>('SELECT count FROM dropped').one().count

  function remove(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      sql.exec('DELETE FROM message_pieces WHERE ordinal = ?', ordinal)
      sql.exec('DELETE FROM messages WHERE ordinal = ?', ordinal)
    }
  }

  /** What PostgreSQL has, and nobody here needs any more. */
  function trim(): void {
    remove(rows('WHERE gone = 1 AND projected = rev').map(({ ordinal }) => ordinal))
    const [oldest] = rows('WHERE gone = 0 ORDER BY ordinal DESC LIMIT 1 OFFSET ?', KEPT_MESSAGES - 1)
    if (oldest === undefined) return
    // Only from the beginning on: those that are here are the latest, without a hole.
    const [hindered] = rows('WHERE gone = 0 AND projected < rev ORDER BY ordinal LIMIT 1')
    const before = Math.min(oldest.ordinal, hindered?.ordinal ?? oldest.ordinal)
    const old = rows('WHERE gone = 0 AND ordinal < ?', before)
    remove(old.map(({ ordinal }) => ordinal))
    if (old.length > 0) sql.exec('UPDATE dropped SET count = count + ?', old.length)
  }

  return {
    put(message) {
      const { id, turn_id, role } = message
      sql.exec(
        `INSERT INTO messages (id, turn_id, role) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET rev = rev + 1, turn_id = excluded.turn_id`,
        id,
        turn_id,
        role,
      )
      const { ordinal } = sql.exec<{ ordinal: number }>('SELECT ordinal FROM messages WHERE id = ?', id).one()
      sql.exec('DELETE FROM message_pieces WHERE ordinal = ?', ordinal)
      for (const [piece, body] of cutText(JSON.stringify(message)).entries()) {
        sql.exec('INSERT INTO message_pieces VALUES (?, ?, ?)', ordinal, piece, body)
      }
    },
    find: (id) => first('WHERE id = ?', id),
    answerOf: (turnId) => first("WHERE turn_id = ? AND role = 'assistant' ORDER BY ordinal DESC", turnId),
    askedIn: (turnId) => first("WHERE turn_id = ? AND role = 'user'", turnId),
    count: () =>
      dropped() + sql.exec<{ count: number }>('SELECT count(*) AS count FROM messages WHERE gone = 0').one().count,
    latest(skip, limit) {
      const found = rows('WHERE gone = 0 ORDER BY ordinal DESC LIMIT ? OFFSET ?', limit, skip)
      if (found.length < limit && dropped() > 0) return undefined
      return readSome(found)
        .map(({ message }) => message)
        .toReversed()
    },
    opening: () => first("WHERE role = 'user' AND gone = 0 ORDER BY ordinal"),
    kept: (limit = KEPT_MESSAGES) =>
      readSome(rows('WHERE gone = 0 ORDER BY ordinal DESC LIMIT ?', limit))
        .map(({ message }) => message)
        .toReversed(),
    since(id) {
      const [from] = rows('WHERE id = ? AND gone = 0', id)
      if (from === undefined) return undefined
      return rows('WHERE gone = 0 AND ordinal >= ? ORDER BY ordinal', from.ordinal).map(
        (row) => read(row.ordinal).message,
      )
    },
    supersede(ids) {
      for (const id of ids) sql.exec('UPDATE messages SET gone = 1, rev = rev + 1 WHERE id = ?', id)
    },
    unprojected: () =>
      readSome(rows('WHERE projected < rev ORDER BY ordinal LIMIT 100')).map(({ row, message }) => ({
        ordinal: row.ordinal,
        rev: row.rev,
        isGone: row.gone === 1,
        message,
      })),
    markProjected(done) {
      for (const { ordinal, rev } of done) {
        sql.exec('UPDATE messages SET projected = ? WHERE ordinal = ?', rev, ordinal)
      }
      trim()
    },
  }
}
