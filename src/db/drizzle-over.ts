/** drizzle over a transport, with batches. */
import type { QueryPromise } from 'drizzle-orm'
import { drizzle, type PgRemoteDatabase, type RemoteCallback } from 'drizzle-orm/pg-proxy'
import { toObjects, toStatement, type RowSet, type Statement, type Transport } from './wire.ts'

export type Builder = Pick<
  PgRemoteDatabase,
  | '$count'
  | '$with'
  | 'delete'
  | 'execute'
  | 'insert'
  | 'select'
  | 'selectDistinct'
  | 'selectDistinctOn'
  | 'update'
  | 'with'
>

interface Batching {
  /**
   * Runs the queries as one transaction, all or nothing, and gives each one's rows as awaiting it would.
   *
   * They must come from the same `Db` and must not have been awaited.
   */
  batch<const Q extends readonly QueryPromise<unknown>[]>(
    queries: Q,
  ): Promise<{ -readonly [K in keyof Q]: Awaited<Q[K]> }>
}

/** What drizzle hands a statement to. */
export type Remote = RemoteCallback

interface Sending {
  /** For `prepareOnce`. */
  readonly remote: Remote
}

export type QueryBuilder = Builder & Batching & Sending

interface Gathered {
  readonly statement: Statement
  readonly resolve: (rows: RowSet) => void
  readonly reject: (error: unknown) => void
}

async function runOne(transport: Transport, statement: Statement): Promise<RowSet> {
  const [rows] = await transport.run([statement])
  if (rows === undefined) throw new Error('the transport gave no row set')
  return rows
}

async function runTogether(transport: Transport, gathered: readonly Gathered[]): Promise<void> {
  try {
    const results = await transport.run(gathered.map(({ statement }) => statement))
    for (const [index, rows] of results.entries()) gathered[index]?.resolve(rows)
  } catch (error) {
    for (const { reject } of gathered) reject(error)
  }
}

/** Builds drizzle's query builder over a transport. */
export function drizzleOver(transport: Transport): QueryBuilder {
  let gathering: Gathered[] | undefined

  function send(statement: Statement): Promise<RowSet> {
    if (gathering === undefined) return runOne(transport, statement)
    const { promise, resolve, reject } = Promise.withResolvers<RowSet>()
    gathering.push({ statement, resolve, reject })
    return promise
  }

  async function remote(
    sql: string,
    params: readonly unknown[],
    method: 'all' | 'execute',
  ): Promise<{ rows: unknown[] }> {
    try {
      const result = await send(toStatement(sql, params))
      return { rows: method === 'execute' ? toObjects(result) : [...result.rows] }
    } catch (error) {
      // Thrown from here, drizzle would wrap it in an error whose message lists the parameters.
      return {
        get rows(): never {
          throw error
        },
      }
    }
  }

  function batch<const Q extends readonly QueryPromise<unknown>[]>(
    queries: Q,
  ): Promise<{ -readonly [K in keyof Q]: Awaited<Q[K]> }>
  async function batch(queries: readonly QueryPromise<unknown>[]): Promise<unknown> {
    if (queries.length === 0) return []
    const gathered: Gathered[] = []
    gathering = gathered
    let outcomes
    try {
      // drizzle calls `remote` before its first await, so that nobody else's query can come in between.
      outcomes = Promise.all(queries.map((query) => query.execute()))
    } finally {
      gathering = undefined
    }
    const isComplete = gathered.length === queries.length
    if (isComplete) void runTogether(transport, gathered)
    else for (const { reject } of gathered) reject(new Error('a query of the batch could not be gathered'))
    return outcomes
  }

  return Object.assign(drizzle(remote), { batch, remote })
}
