import { err, type Result } from '#lib/result'

/** PostgreSQL cannot be asked now, or did not answer in time: 503. Whether a write has happened is then unknown. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
}

/** PostgreSQL refused a statement. The message carries no value of the statement's parameters. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly sqlState: string
  /** The constraint or unique index that was violated. */
  readonly constraint: string | undefined

  constructor(refusal: Omit<Refusal, 'kind'>) {
    super(refusal.message)
    this.sqlState = refusal.sqlState
    this.constraint = refusal.constraint
  }
}

interface Refusal {
  readonly kind: 'refused'
  readonly sqlState: string
  readonly constraint: string | undefined
  readonly message: string
}

/** The two errors as data: an error's class and fields do not survive a call to another actor. */
type Failure = Refusal | { readonly kind: 'unavailable'; readonly message: string }

/** What a call to the pool actor answers. */
export type Reply<T> = Result<T, Failure>

/**
 * SQLSTATEs that speak of the server and not of the statement: connection, login, resources, intervention (with
 * `statement_timeout`), system, no such database, timeouts. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(08|28|53|57|58)|^3D000$|^25P0[34]$/

interface ServerError {
  readonly code: string
  readonly message: string
  readonly constraint_name?: string | undefined
}

/** The error that stands for what the server answered. */
export function fromServerError({ code, message, constraint_name }: ServerError): DatabaseUnavailable | DatabaseError {
  if (UNAVAILABLE.test(code)) return new DatabaseUnavailable(`PostgreSQL: ${message} (${code})`)
  // Other classes quote values, e.g. `invalid input syntax for type uuid: "…"`; 42 names only what the SQL text names.
  const detail = code.startsWith('42') ? `: ${message}` : ''
  const subject = constraint_name === undefined ? '' : ` on ${constraint_name}`
  return new DatabaseError({
    sqlState: code,
    constraint: constraint_name,
    message: `PostgreSQL refused a statement (${code})${subject}${detail}`,
  })
}

/** Turns an error of ours into data; anything else is a mistake in the code and is thrown on. */
export function toReply(error: unknown): Reply<never> {
  if (error instanceof DatabaseUnavailable) return err({ kind: 'unavailable', message: error.message })
  if (error instanceof DatabaseError) {
    const { sqlState, constraint, message } = error
    return err({ kind: 'refused', sqlState, constraint, message })
  }
  throw error
}

/** The reverse of `toReply`: the value, or the error thrown. */
export function fromReply<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw reply.error.kind === 'unavailable'
    ? new DatabaseUnavailable(reply.error.message)
    : new DatabaseError(reply.error)
}
