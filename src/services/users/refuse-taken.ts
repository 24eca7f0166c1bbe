import { AppError, type ErrorCode } from '#core/errors'
import { DatabaseError } from '#db/errors'

/** The unique indices of `users`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  users_email_key: 'email_taken',
  users_username_key: 'username_taken',
}

/**
 * For a write to `users` that failed: says whose value was taken. The database decides, for a look before the write
 * would be out of date by the time of the write.
 *
 * @throws AppError `email_taken` or `username_taken`; any other error as it is
 */
export function refuseTaken(error: unknown): never {
  const code = error instanceof DatabaseError ? CODES[error.constraint ?? ''] : undefined
  throw code === undefined ? error : new AppError(code, { cause: error })
}
