/** What the models of a run took, until PostgreSQL's ledger knows. */
import { UsageEntry } from '#core/usage/usage-entry'

export const SPENT_USAGE_SCHEMA = 'CREATE TABLE spent_usage (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)'

/** Rows in one delivery. */
const AT_ONCE = 200

export interface SpentUsage {
  /** Adds within the caller's transaction. */
  add(entry: UsageEntry): void
  /** Hands everything to `record`, and forgets what it has taken. */
  deliver(record: (entries: readonly UsageEntry[]) => Promise<void>): Promise<void>
}

export function createSpentUsage(sql: SqlStorage): SpentUsage {
  const read = () =>
    sql.exec<{ id: number; body: string }>('SELECT id, body FROM spent_usage ORDER BY id LIMIT ?', AT_ONCE).toArray()
  return {
    add: (entry) => void sql.exec('INSERT INTO spent_usage (body) VALUES (?)', JSON.stringify(entry)),
    async deliver(record) {
      for (let rows = read(); rows.length > 0; rows = read()) {
        await record(rows.map(({ body }) => UsageEntry.parse(JSON.parse(body))))
        sql.exec('DELETE FROM spent_usage WHERE id <= ?', rows.at(-1)?.id ?? 0)
      }
    },
  }
}
