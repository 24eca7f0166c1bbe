/** Connections to PostgreSQL kept open, for places without Hyperdrive. It stores nothing. */
import { DurableObject } from 'cloudflare:workers'
import { ConfigError, readConfig } from '#config'
import { createConnection, type Connection } from '#db/connection'
import { createDeadlines } from '#db/deadline'
import { toReply, type Reply } from '#db/errors'
import { createPool, type PoolStats } from '#db/pool'
import type { PoolStub } from '#db/pool-transport'
import type { RowSet, Statement } from '#db/wire'
import { ok } from '#lib/result'

/** The edge allows six outgoing connections to an object; the sixth is for the probe. */
const SIZE = 5
/** One is left for everybody else, however long one workspace's statements take. */
const SIZE_PER_LANE = SIZE - 1
/** Then an idle actor can sleep, and no firewall on the way has forgotten the connection. */
const IDLE_MS = 60_000

/**
 * The server ends a slow statement itself, a little before the pool's deadline: otherwise it would go on working for
 * nobody. Not as a startup parameter, which PgBouncer refuses.
 */
const PROLOGUE: Statement = {
  sql: `select set_config('statement_timeout', '3900', false), set_config('datestyle', 'ISO', false)`,
  params: [],
}

export class PostgresPool extends DurableObject<Env> implements PoolStub {
  readonly #pool = createPool({
    create: () => this.#createConnection(),
    size: SIZE,
    sizePerLane: SIZE_PER_LANE,
    idleMs: IDLE_MS,
    withinTime: createDeadlines(),
  })

  #createConnection(): Connection {
    const { DATABASE_URL: url } = readConfig(this.env)
    if (url === undefined) throw new ConfigError(['DATABASE_URL: is not set, and there is no HYPERDRIVE binding'])
    return createConnection({ url, prepare: true, prologue: PROLOGUE })
  }

  /** Several statements are one transaction. */
  async run(statements: readonly Statement[], withinMs?: number, lane?: string): Promise<Reply<readonly RowSet[]>> {
    try {
      return ok(await this.#pool.run(statements, withinMs, lane))
    } catch (error) {
      return toReply(error)
    }
  }

  stats(): PoolStats {
    return this.#pool.stats()
  }

  /** That actors answer at all, whatever PostgreSQL does. */
  alive(): true {
    return true
  }
}
