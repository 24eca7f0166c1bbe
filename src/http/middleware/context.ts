import type { MiddlewareHandler } from 'hono'
import { readClientAddress } from '#auth/client-address'
import { readConfig } from '#config'
import { connect, type Db } from '#db/connect'
import { createPatience } from '#db/patience'
import type { AppEnv } from '#http/app-env'
import { describeError, logLine } from '#lib/log'
import type { PublicCtx } from '#services/context'
import { pokeMaintenance } from '#services/maintenance/poke-maintenance'

/** Some user agents are essays; this much names any. */
const USER_AGENT_LENGTH = 256

/** On one thread, work that begins at once would show in the time that the answer takes: 1.4 ms for a mailed link. */
const LATER_MS = 100

function logLater(request_id: string, error: unknown): void {
  logLine('error', { request_id, code: 'later', error: describeError(error) })
}

/** Puts together what the services may use. The database is connected when something first asks for it. */
export const context: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { env } = c
  const config = readConfig(env)
  const patience = createPatience()
  let db: Db | undefined
  const publicCtx: PublicCtx = {
    env,
    config,
    get db() {
      return (db ??= connect(env, patience))
    },
    locale: c.get('locale'),
    requestId: c.get('requestId'),
    trace: c.get('trace'),
    now: Date.now,
    later: (work) =>
      c.executionCtx.waitUntil(
        scheduler
          .wait(LATER_MS)
          .then(work)
          .catch((error: unknown) => logLater(c.get('requestId'), error)),
      ),
    client: {
      userAgent: c.req.header('User-Agent')?.slice(0, USER_AGENT_LENGTH),
      address: readClientAddress(c.req.raw, config.CLIENT_ADDRESS_HEADER),
    },
  }
  c.set('publicCtx', publicCtx)
  pokeMaintenance(publicCtx)
  c.set('patience', patience)
  await next()
}
