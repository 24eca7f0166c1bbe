import { timestamp } from 'drizzle-orm/pg-core'

/** A moment in time, to the millisecond, as JavaScript has it. */
export const moment = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 })

export const createdAt = () => moment().notNull().defaultNow()
