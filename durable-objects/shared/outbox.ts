/** What an actor still owes to others, PostgreSQL above all: written in the commit that makes it due, delivered at least once. */
export const OUTBOX_SCHEMA = 'CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL)'

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 60_000

export interface Outbox {
  /** Adds within the caller's transaction. */
  add(): void
  isEmpty(): boolean
  /**
   * Delivers what is due, once at a time; rows leave when `deliver` has returned. A failure is tried again later:
   * see `retryAt`. Never throws.
   */
  flush(): Promise<void>
  /** When a failed delivery is tried again (Unix milliseconds); undefined when none failed. */
  retryAt(): number | undefined
}

/**
 * An outbox over the rows of one kind; those of other kinds wait for their own.
 *
 * @param deliver tells of the actor as it stands now: it covers every row that was there when it began, so several
 *   rows become one delivery
 * @param onSettled called after each delivery, good or bad
 */
export function createOutbox(
  sql: SqlStorage,
  kind: string,
  deliver: () => Promise<void>,
  onSettled: (error: unknown) => void,
  now: () => number,
): Outbox {
  let flushing = false
  let failures = 0
  let retryAt: number | undefined
  const newest = (): number =>
    sql.exec<{ id: number }>('SELECT coalesce(max(id), 0) AS id FROM outbox WHERE kind = ?', kind).one().id

  async function deliverAll(): Promise<void> {
    for (let id = newest(); id > 0; id = newest()) {
      await deliver()
      sql.exec('DELETE FROM outbox WHERE kind = ? AND id <= ?', kind, id)
    }
  }

  return {
    add: () => void sql.exec('INSERT INTO outbox (kind) VALUES (?)', kind),
    isEmpty: () => newest() === 0,
    retryAt: () => retryAt,
    async flush() {
      if (flushing || (retryAt !== undefined && now() < retryAt)) return
      flushing = true
      let problem: unknown
      try {
        await deliverAll()
        failures = 0
        retryAt = undefined
      } catch (error) {
        problem = error
        failures += 1
        retryAt = now() + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS)
      } finally {
        flushing = false
      }
      onSettled(problem)
    },
  }
}
