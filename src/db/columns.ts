import { type AnyPgColumn, timestamp, uuid } from 'drizzle-orm/pg-core'

/** A moment in time, to the millisecond, as JavaScript has it. */
export const moment = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 })

export const createdAt = () => moment().notNull().defaultNow()

/** A table whose rows others belong to. */
export interface Owner {
  readonly id: AnyPgColumn
}

/** The column of what belongs to a row of another table, and goes with it. */
export const ownedBy = (owners: Owner) =>
  uuid()
    .notNull()
    .references(() => owners.id, { onDelete: 'cascade' })
