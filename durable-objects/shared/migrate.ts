/**
 * Brings an actor's SQLite up to date: `steps[n]` leads from version n to n + 1. Steps are only ever appended.
 * Writes nothing when there is nothing to do, so that a woken actor costs no commit.
 */
export function migrateActor(sql: SqlStorage, steps: readonly string[]): void {
  const known = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").toArray().length > 0
  if (!known) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL); INSERT INTO schema_version VALUES (0)')
  const { version } = sql.exec<{ version: number }>('SELECT version FROM schema_version').one()
  for (const step of steps.slice(version)) sql.exec(step)
  if (version < steps.length) sql.exec('UPDATE schema_version SET version = ?', steps.length)
}

/** Whether this actor has ever been given anything: asking must not make its tables. */
export function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").toArray().length > 0
}
