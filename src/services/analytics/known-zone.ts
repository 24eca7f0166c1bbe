import { ANALYTICS_PROBLEMS } from '#core/analytics/problems'
import { AppError } from '#core/errors'
import { isTimeZone } from '#core/triggers/schedule'
import { DatabaseError } from '#db/errors'

const INVALID_PARAMETER_VALUE = '22023'

/**
 * Asks PostgreSQL what is reckoned in a time zone. JavaScript knows names that PostgreSQL does not (`AET`; where its
 * system lists no former ones, `US/Pacific`).
 *
 * @throws AppError `validation_failed` for a zone that one of them does not know
 */
export async function inKnownZone<T>(timezone: string, ask: () => Promise<T>): Promise<T> {
  // PostgreSQL reads the sign of a bare offset the other way round.
  if (!/^[A-Za-z]/.test(timezone) || !isTimeZone(timezone)) throw refusal()
  try {
    return await ask()
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === INVALID_PARAMETER_VALUE) throw refusal()
    throw error
  }
}

function refusal(): AppError {
  const problem = { pointer: '/timezone', sentence: ANALYTICS_PROBLEMS.time_zone }
  return new AppError('validation_failed', { problems: [problem] })
}
