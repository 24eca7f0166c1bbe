/** A worker that asks PostgreSQL one thing, for tests of what happens when PostgreSQL goes away. */
import { sql } from 'drizzle-orm'
import { connect } from '#db/connect'
import { DatabaseError, DatabaseUnavailable } from '#db/errors'

export { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'

interface DatabaseWorkerEnv extends Pick<Env, 'POSTGRES_POOL'> {
  /** Under another name, since its presence would choose the transport. */
  readonly HYPERDRIVE_OF_TEST: { readonly connectionString: string }
}

/** `?way=pool` or `hyperdrive`, `?sleep=` seconds: 200 with an answer, 503 when unavailable. */
export default {
  async fetch(request: Request, env: DatabaseWorkerEnv): Promise<Response> {
    const query = new URL(request.url).searchParams
    const db = connect(query.get('way') === 'pool' ? env : { ...env, HYPERDRIVE: env.HYPERDRIVE_OF_TEST })
    try {
      await db.batch([
        db.execute(sql`select 1`),
        db.execute(sql`select pg_sleep(${query.get('sleep') ?? '0'}::float8)`),
      ])
      return Response.json(await db.execute(sql`select pg_backend_pid() as pid`))
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return new Response(error.message, { status: 503 })
      if (error instanceof DatabaseError) return new Response(error.message, { status: 500 })
      throw error
    }
  },
}
