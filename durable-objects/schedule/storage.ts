import { ScheduleConfig, type Timetable } from '#core/triggers/schedule'
import { hasTables, migrateActor } from '#durable-objects/shared/migrate'

const STEPS = [
  `CREATE TABLE schedule (trigger_id TEXT NOT NULL, config TEXT, anchor INTEGER, next_at INTEGER, look_at INTEGER);
   CREATE TABLE firings (scheduled_at INTEGER PRIMARY KEY)`,
]

/** What the actor knows; times in Unix milliseconds. */
export interface Known {
  readonly triggerId: string
  /** Undefined until PostgreSQL was asked for the first time. */
  readonly timetable: Timetable | undefined
  /** The next time that is to be fired. */
  readonly nextAt: number | undefined
  /** When to look in PostgreSQL at the latest. */
  readonly lookAt: number | undefined
}

/** All SQL of a schedule. */
export interface ScheduleStorage {
  /** Undefined for an actor that was never told anything: asking writes nothing. */
  load(): Known | undefined
  /** Makes the tables; within the caller's transaction. */
  create(triggerId: string): void
  setTimetable(timetable: Timetable, nextAt: number | undefined): void
  setNextAt(nextAt: number | undefined): void
  setLookAt(lookAt: number | undefined): void
  /** Times that are to be fired and have not been, oldest first. */
  firings(): number[]
  addFiring(scheduledAt: number): void
  removeFiring(scheduledAt: number): void
}

interface Row extends Record<string, SqlStorageValue> {
  trigger_id: string
  config: string | null
  anchor: number | null
  next_at: number | null
  look_at: number | null
}

export function createScheduleStorage(sql: SqlStorage): ScheduleStorage {
  return {
    load() {
      if (!hasTables(sql)) return undefined
      migrateActor(sql, STEPS)
      const row = sql.exec<Row>('SELECT * FROM schedule').toArray()[0]
      return row && toKnown(row)
    },
    create(triggerId) {
      migrateActor(sql, STEPS)
      sql.exec('INSERT INTO schedule (trigger_id) VALUES (?)', triggerId)
    },
    setTimetable: ({ config, anchor }, nextAt) =>
      void sql.exec(
        'UPDATE schedule SET config = ?, anchor = ?, next_at = ?',
        JSON.stringify(config),
        anchor,
        nextAt ?? null,
      ),
    setNextAt: (nextAt) => void sql.exec('UPDATE schedule SET next_at = ?', nextAt ?? null),
    setLookAt: (lookAt) => void sql.exec('UPDATE schedule SET look_at = ?', lookAt ?? null),
    firings: () =>
      sql
        .exec<{ scheduled_at: number }>('SELECT scheduled_at FROM firings ORDER BY scheduled_at')
        .toArray()
        .map((row) => row.scheduled_at),
    addFiring: (scheduledAt) => void sql.exec('INSERT OR IGNORE INTO firings VALUES (?)', scheduledAt),
    removeFiring: (scheduledAt) => void sql.exec('DELETE FROM firings WHERE scheduled_at = ?', scheduledAt),
  }
}

function toKnown({ trigger_id, config, anchor, next_at, look_at }: Row): Known {
  const timetable = toTimetable(config, anchor)
  // What a newer version of ours cannot read, PostgreSQL is asked for at once.
  if (timetable === undefined && config !== null) {
    return { triggerId: trigger_id, timetable, nextAt: undefined, lookAt: 0 }
  }
  return { triggerId: trigger_id, timetable, nextAt: next_at ?? undefined, lookAt: look_at ?? undefined }
}

function toTimetable(config: string | null, anchor: number | null): Timetable | undefined {
  if (config === null || anchor === null) return undefined
  const parsed = ScheduleConfig.safeParse(JSON.parse(config))
  return parsed.success ? { config: parsed.data, anchor } : undefined
}
