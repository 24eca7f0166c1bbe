import { withDeadline } from './deadline.ts'
import { DatabaseUnavailable, fromReply, type Reply } from './errors.ts'
import type { PoolStats } from './pool.ts'
import type { RowSet, Statement, Transport } from './wire.ts'

/** The pool has a deadline of its own; this one, with room for the call, is for a pool that cannot be reached. */
const CALL_MS = 4_500
const HOP_MS = 500

/** What the `PostgresPool` actor answers to. */
export interface PoolStub {
  run(statements: readonly Statement[], withinMs?: number, lane?: string): Promise<Reply<readonly RowSet[]>>
}

/** One machine has one thread, so a second object with connections of its own brought nothing. */
const POOL_NAME = 'postgres'

export interface PoolEnv {
  readonly POSTGRES_POOL: { getByName(name: string): PoolStub }
}

async function call<T>(answer: Promise<Reply<T>>, withinMs = CALL_MS): Promise<T> {
  const settled = answer.catch((error: unknown) => {
    throw new DatabaseUnavailable(`the PostgreSQL pool failed: ${error instanceof Error ? error.message : 'unknown'}`)
  })
  return fromReply(await withDeadline(settled, Math.min(CALL_MS, withinMs + HOP_MS), () => undefined))
}

/** A transport over the actor that keeps connections open. A stub is made for each call: a broken one stays broken. */
export function poolTransport(env: PoolEnv, lane: () => string): Transport {
  return {
    run: (statements, withinMs) =>
      call(env.POSTGRES_POOL.getByName(POOL_NAME).run(statements, withinMs, lane()), withinMs),
  }
}

interface StatsEnv {
  readonly POSTGRES_POOL: { getByName(name: string): { stats(): Promise<PoolStats> } }
  readonly HYPERDRIVE?: unknown
}

/** How the pool is; undefined where Hyperdrive pools. */
export async function poolStats(env: StatsEnv): Promise<PoolStats | undefined> {
  return env.HYPERDRIVE === undefined ? env.POSTGRES_POOL.getByName(POOL_NAME).stats() : undefined
}
