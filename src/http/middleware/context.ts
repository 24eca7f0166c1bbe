import type { MiddlewareHandler } from 'hono'
import { readClientAddress } from '#auth/client-address'
import { readConfig } from '#config'
import { connect, type Db } from '#db/connect'
import { createPatience } from '#db/patience'
import type { AppEnv } from '#http/app-env'
import { createTurns, type OpenTurn } from '#http/turns'
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

const openTurn = createTurns()
/** At the edge many isolates serve, and the platform makes more: nobody has to wait for another. */
const openAlways: OpenTurn = (first) => {
  let lane = first
  return {
    lane: () => lane,
    end: () => undefined,
    leaveToWork: () => undefined,
    takeFor: async ({ name }) => void (lane = name),
    take: async (workspaceId) => void (lane = workspaceId),
  }
}

/** Puts together what the services may use. The database is connected when something first asks for it. */
export const context: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { env } = c
  const config = readConfig(env)
  const patience = createPatience()
  const address = readClientAddress(c.req.raw, config.CLIENT_ADDRESS_HEADER)
  const open = 'HYPERDRIVE' in env ? openAlways : openTurn
  // Nobody knows yet who asks.
  const turn = open(`from ${address ?? 'anywhere'}`)
  let db: Db | undefined
  const publicCtx: PublicCtx = {
    env,
    config,
    get db() {
      return (db ??= connect(env, { patience, lane: turn.lane }))
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
    turn,
    client: {
      userAgent: c.req.header('User-Agent')?.slice(0, USER_AGENT_LENGTH),
      address,
    },
  }
  c.set('publicCtx', publicCtx)
  pokeMaintenance(publicCtx)
  c.set('patience', patience)
  try {
    await next()
  } finally {
    turn.end()
  }
}
