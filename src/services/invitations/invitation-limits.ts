/**
 * How many mails an invitation may cost. Counted in the audit log, from which nothing can be taken away: inviting,
 * revoking and inviting again is three lines, and two mails.
 */
import { and, eq, gte, or, type SQL, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Db } from '#db/connect'
import { uuidv7 } from '#lib/ids'

const WINDOW_MS = 60 * 60 * 1000
/** Of one person to everybody, and of everybody to one address, within an hour. */
const MAX_BY_INVITER = 50
const MAX_TO_ADDRESS = 5
/** Any two numbers that nobody else locks with. */
const [INVITER_LOCK, ADDRESS_LOCK] = [590_174, 590_175] as const

export interface Asked {
  readonly userId: string
  readonly email: string
  /** Unix milliseconds. */
  readonly now: number
}

/** The first statement of the batch: of several invitations at once each counts the ones before. */
export function lockLimits(db: Db, { userId, email }: Asked) {
  const inviter = sql`pg_advisory_xact_lock(${INVITER_LOCK}::int, hashtext(${userId}))`
  return db.execute(sql`select ${inviter}, pg_advisory_xact_lock(${ADDRESS_LOCK}::int, hashtext(${email}))`)
}

/** A condition: whether another mail may go out. */
export function isWithinLimits(db: Db, asked: Asked): SQL {
  const { byInviter, toAddress } = counts(db, asked)
  const isWithin = sql`count(*) filter (where ${byInviter}) < ${MAX_BY_INVITER}::int and count(*) filter (where ${toAddress}) < ${MAX_TO_ADDRESS}::int`
  const { auditLog } = db.tables
  return sql`(select ${isWithin} from ${auditLog} where ${recent(db, asked)})`
}

/** @throws AppError `too_many_attempts` when that is why nothing was sent */
export async function refuseFlood(db: Db, asked: Asked): Promise<void> {
  const { byInviter, toAddress } = counts(db, asked)
  const { auditLog } = db.tables
  const since = (condition: SQL | undefined, max: number) =>
    sql`case when count(*) filter (where ${condition}) >= ${max}::int then min(${auditLog.created_at}) filter (where ${condition}) end`
  const [full] = await db
    .select({
      since: sql<string | null>`greatest(${since(byInviter, MAX_BY_INVITER)}, ${since(toAddress, MAX_TO_ADDRESS)})`,
    })
    .from(auditLog)
    .where(recent(db, asked))
  if (full?.since == null) return
  const seconds = Math.max(1, Math.ceil((Date.parse(full.since) + WINDOW_MS - asked.now) / 1000))
  throw new AppError('too_many_attempts', { params: { seconds }, retryAfterSeconds: seconds })
}

function counts({ tables: { auditLog } }: Db, { userId, email }: Asked) {
  return { byInviter: eq(auditLog.user_id, userId), toAddress: sql`${auditLog.details}->>'email' = ${email}` }
}

/** The invitations of the last hour that count. Ids begin with their time, which the primary key finds. */
function recent(db: Db, asked: Asked): SQL | undefined {
  const { auditLog } = db.tables
  const { byInviter, toAddress } = counts(db, asked)
  const oldest = uuidv7(asked.now - WINDOW_MS, new Uint8Array(10))
  return and(gte(auditLog.id, oldest), eq(auditLog.action, 'invitation.created'), or(byInviter, toAddress))
}
