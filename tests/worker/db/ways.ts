/** The two ways to PostgreSQL, each to any server, for suites that hold for both. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { readConfig } from '#config'
import { connect, type Db } from '#db/connect'
import type { PoolStub } from '#db/pool-transport'
import { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'

/** The run's own PostgreSQL. */
export const DATABASE_URL = readConfig(env).DATABASE_URL ?? ''

/** The real actor class in a real actor, but with another server to connect to. */
function poolStubFor(url: string): PoolStub {
  const stub = env.POSTGRES_POOL.getByName(`pool of ${url}`)
  const otherEnv = { ...env, DATABASE_URL: url }
  let pool: PostgresPool | undefined
  const inside = <T>(use: (actor: PostgresPool) => Promise<T>): Promise<T> =>
    runInDurableObject(stub, (_, state) => {
      pool ??= new PostgresPool(state, otherEnv)
      return use(pool)
    })
  return { run: (statements) => inside((actor) => actor.run(statements)) }
}

export const WAYS: readonly { readonly name: string; readonly connectTo: (url: string) => Db }[] = [
  {
    name: 'the pool actor',
    connectTo(url) {
      if (url === DATABASE_URL) return connect(env)
      const stub = poolStubFor(url)
      return connect({ ...env, POSTGRES_POOL: { getByName: () => stub } })
    },
  },
  { name: 'Hyperdrive', connectTo: (url) => connect({ ...env, HYPERDRIVE: { connectionString: url } }) },
]
