/** The way to PostgreSQL: drizzle over Hyperdrive where there is one, over the pool actor where there is not. */
import { readConfig } from '#config'
import { drizzleOver, type QueryBuilder } from './drizzle-over.ts'
import { hyperdriveTransport } from './hyperdrive-transport.ts'
import type { Patience } from './patience.ts'
import { poolTransport, type PoolEnv } from './pool-transport.ts'
import { tablesOf, type Tables } from './schema.ts'
import { guardTenant } from './tenant-guard.ts'
import type { Transport } from './wire.ts'

/**
 * drizzle's query builder with the tables of the configured schema. Outside of mapped columns a value is as
 * `Cell` says: give `sql` templates a `mapWith`, e.g. `count()` or `sql<number>\`…\`.mapWith(Number)` for numbers.
 *
 * @throws DatabaseUnavailable or DatabaseError from every query
 */
export interface Db extends QueryBuilder {
  readonly tables: Tables
}

/** Bindings that wrangler.toml may leave out, so that the generated `Env` does not know them. */
export interface OptionalBindings {
  readonly HYPERDRIVE?: { readonly connectionString: string }
}

/** How statements wait for PostgreSQL. */
export interface Way {
  /**
   * For whom: lanes take turns, so that nobody's flood holds up the others. A workspace's id, or who asks before that is
   * known (asked anew for each query); the server itself when absent.
   */
  readonly lane?: string | (() => string)
  /** What a request shares among its queries; without it each waits for itself alone. */
  readonly patience?: Patience | undefined
}

/**
 * Opens nothing: the first query does. Call it once for each invocation or event, since sockets do not outlive it.
 *
 * @param way where it queues, and what a request shares among its queries
 */
export function connect(env: PoolEnv & OptionalBindings, way: Way = {}): Db {
  return Object.assign(drizzleOver(transportOf(env, way)), { tables: tablesOf(readConfig(env).DATABASE_SCHEMA) })
}

/**
 * The same for one workspace: a statement on what workspaces own must name this one.
 *
 * @throws WorkspaceForgotten from every query that does not
 */
export function connectWithin(env: PoolEnv & OptionalBindings, workspaceId: string, patience?: Patience): Db {
  const tables = tablesOf(readConfig(env).DATABASE_SCHEMA)
  return Object.assign(
    drizzleOver(guardTenant(transportOf(env, { lane: workspaceId, patience }), tables, workspaceId)),
    { tables },
  )
}

function transportOf(env: PoolEnv & OptionalBindings, { lane = '', patience }: Way): Transport {
  const transport =
    env.HYPERDRIVE === undefined
      ? poolTransport(env, typeof lane === 'string' ? () => lane : lane)
      : hyperdriveTransport(env.HYPERDRIVE.connectionString)
  return patience === undefined ? transport : patience(transport)
}
