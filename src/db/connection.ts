/**
 * One connection to PostgreSQL around one postgres.js client.
 *
 * I1 One caller at a time: a pool lends it. So a transaction is plain BEGIN and COMMIT, and a discarded connection
 *    hurts nobody else.
 * I2 Dead is dead: it never connects twice, so that what is set at its start holds for its whole life.
 * I3 Cells and parameters are text except where `CELL_TYPES` says otherwise.
 */
import postgres from 'postgres'
import { DatabaseError, DatabaseUnavailable, fromServerError } from './errors.ts'
import { PostgresSocket } from './socket.ts'
import { parseArray, type Cell, type RowSet, type Statement, type Transport } from './wire.ts'

export interface Connection extends Transport {
  readonly isAlive: boolean
  readonly createdAt: number
  /** Closes it at once; what waits on it fails. */
  discard(): void
}

export interface ConnectionOptions {
  readonly url: string
  /** Kept statements save a round trip each time that the same text comes again on this connection. */
  readonly prepare: boolean
  /** Run when the connection opens, before anything else. */
  readonly prologue?: Statement
}

const asIs = (text: string): string => text

/** By type oid. postgres.js would parse JSON and dates, which drizzle's columns then parse again, and write them twice. */
const CELL_TYPES = {
  text: { to: 25, from: [17, 114, 1082, 1114, 1184, 3802], parse: asIs, serialize: asIs },
  bool: { to: 16, from: [16], parse: (text: string) => text === 't', serialize: asIs },
  /** Of int4, text, varchar and uuid. Fixed here, so that no connection begins with a query for the array types. */
  array: { to: 1009, from: [1007, 1009, 1015, 2951], parse: parseArray, serialize: asIs },
}

/** Connection strings of hosted PostgreSQL carry these for libpq; a server refuses them as unknown settings. */
const LIBPQ_ONLY = ['sslmode', 'sslrootcert', 'channel_binding']
const TLS_MODES = new Set(['require', 'verify-ca', 'verify-full'])

function parseUrl(text: string): { readonly url: string; readonly tls: boolean } {
  const url = new URL(text)
  const tls = TLS_MODES.has(url.searchParams.get('sslmode') ?? '')
  for (const name of LIBPQ_ONLY) url.searchParams.delete(name)
  return { url: url.href, tls }
}

interface Endpoint {
  readonly host: readonly string[]
  readonly port: readonly number[]
}

/** `statement_timeout` has ended the statement and left the connection as good as before. */
const QUERY_CANCELED = '57014'

function isHarmless(error: unknown): boolean {
  if (!(error instanceof postgres.PostgresError)) return false
  return error.code === QUERY_CANCELED || fromServerError(error) instanceof DatabaseError
}

function toOurError(error: unknown): DatabaseUnavailable | DatabaseError {
  if (error instanceof postgres.PostgresError) return fromServerError(error)
  return new DatabaseUnavailable(`PostgreSQL cannot be reached: ${error instanceof Error ? error.message : 'unknown'}`)
}

/** Makes a connection that opens with its first use. */
export function createConnection({ url: connectionString, prepare, prologue }: ConnectionOptions): Connection {
  const { url, tls } = parseUrl(connectionString)
  let isAlive = true
  let socket: PostgresSocket | undefined
  let opened: Promise<unknown> | undefined
  // Not in the types of postgres.js: `socket`, and `simple: false` (one statement a text, also without parameters).
  const settings = {
    max: 1,
    ssl: false,
    fetch_types: false,
    idle_timeout: undefined,
    max_lifetime: null,
    types: CELL_TYPES,
    onnotice: () => undefined,
    onclose: () => (isAlive = false),
    socket: ({ host: [hostname = ''], port: [port = 5432] }: Endpoint) => {
      if (socket !== undefined || !isAlive) throw new Error('the connection was closed')
      socket = new PostgresSocket({ hostname, port, tls })
      return socket.open()
    },
  }
  const client = postgres(url, settings)
  const unsafeOptions = { prepare, simple: false }

  async function one({ sql, params }: Statement): Promise<RowSet> {
    const result = await client.unsafe<Record<string, Cell>[]>(sql, [...params], unsafeOptions).values()
    return { columns: result.columns.map((column) => column.name), rows: [...result] }
  }

  async function transact(statements: readonly Statement[]): Promise<RowSet[]> {
    await one({ sql: 'begin', params: [] })
    try {
      const results = await Promise.all(statements.map(one))
      await one({ sql: 'commit', params: [] })
      return results
    } catch (error) {
      if (isAlive) await one({ sql: 'rollback', params: [] })
      throw error
    }
  }

  function discard(): void {
    isAlive = false
    socket?.destroy()
  }

  return {
    createdAt: Date.now(),
    get isAlive() {
      return isAlive
    },
    discard,
    async run(statements) {
      try {
        if (prologue !== undefined) await (opened ??= one(prologue))
        const [only] = statements
        return statements.length === 1 && only !== undefined ? [await one(only)] : await transact(statements)
      } catch (error) {
        if (!isHarmless(error)) discard()
        throw toOurError(error)
      }
    },
  }
}
