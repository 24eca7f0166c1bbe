import { connect } from '#db/connect'
import { describeError, logLine } from '#lib/log'
import { deliverFiles } from '#services/triggers/fire-file'

/**
 * Starts what a crash kept uploaded files from starting. Never throws.
 *
 * @returns whether nothing is left
 */
export async function deliverLeft(env: Env): Promise<boolean> {
  try {
    return !(await deliverFiles({ env, db: connect(env) }))
  } catch (error) {
    logLine('warn', { event: 'delivery_failed', error: describeError(error) })
    return false
  }
}
