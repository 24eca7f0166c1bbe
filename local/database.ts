/** Connects to somebody's PostgreSQL, and says in one line what keeps it from working. Never with the password. */
import postgres, { type Sql } from 'postgres'
import { NoTlsError, openTls } from './database-tls.ts'
import { parseDatabaseUrl, type DatabaseAddress } from './database-url.ts'
import { codeOf, messageOf, StartError } from './start-error.ts'
import { startTlsRelay } from './tls-relay.ts'

const CONNECT_TIMEOUT_S = 5

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ETIMEDOUT',
  'CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNRESET',
  'CONNECTION_CLOSED',
])
const UNKNOWN_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN'])
const CERTIFICATE = /CERT|SIGNED|SIGNATURE|ALTNAME|ISSUER/

function explain(error: unknown, { host, port, url }: DatabaseAddress): string {
  const code = codeOf(error) ?? ''
  const where = `${host}:${port}`
  const database = decodeURIComponent(url.pathname.slice(1)) || url.username
  if (UNKNOWN_HOST.has(code)) return `no machine is called ${host}: check the host in DATABASE_URL`
  if (UNREACHABLE.has(code))
    return `no PostgreSQL answers at ${where}: start it, or check host and port in DATABASE_URL`
  if (error instanceof NoTlsError)
    return `PostgreSQL at ${where} has TLS switched off: use sslmode=disable or configure a certificate`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${where} was made for another name: use the name it was made for, or sslmode=verify-ca`
  }
  if (CERTIFICATE.test(code)) {
    return `the certificate of ${where} is not trusted (${messageOf(error).split(';')[0]}): name its authority with sslrootcert=, or use sslmode=require`
  }
  switch (code) {
    case '28P01':
      return `PostgreSQL at ${where} refuses the password of user "${url.username}": check user and password in DATABASE_URL`
    case '28000':
      return /no encryption|SSL off/.test(messageOf(error))
        ? `PostgreSQL at ${where} demands TLS: add ?sslmode=require to DATABASE_URL`
        : `PostgreSQL at ${where} refuses user "${url.username}": ${messageOf(error)}`
    case '3D000':
      return `PostgreSQL at ${where} has no database "${database}": create it (createdb ${database}), or name another in DATABASE_URL`
    default:
      return `PostgreSQL at ${where} cannot be used: ${messageOf(error)}`
  }
}

/** Turns what a connection may throw into one line. */
export function toStartError(error: unknown, url: string): StartError {
  return error instanceof StartError ? error : new StartError(explain(error, parseDatabaseUrl(url)))
}

/** One connection, for the short work before the worker starts. */
export function openDatabase(url: string): Sql {
  return postgres(url, { max: 1, connect_timeout: CONNECT_TIMEOUT_S, onnotice: () => undefined })
}

export interface ReachableDatabase {
  /** What the worker connects to, plainly. */
  readonly url: string
  readonly version: string
  readonly tls: boolean
  close(): Promise<void>
}

async function speaksTls(address: DatabaseAddress): Promise<boolean> {
  if (address.tls === 'off') return false
  try {
    const socket = await openTls(address)
    socket.destroy()
    return true
  } catch (error) {
    if (address.tls === 'try' && error instanceof NoTlsError) return false
    throw error
  }
}

/**
 * Checks that the database can be used, and gives the address for the worker: for TLS a relay of ours.
 *
 * @throws StartError in one line what to do
 */
export async function reachDatabase(text: string): Promise<ReachableDatabase> {
  const address = parseDatabaseUrl(text)
  let undo = (): Promise<void> => Promise.resolve()
  try {
    const tls = await speaksTls(address)
    const relay = tls ? await startTlsRelay(address) : undefined
    if (relay !== undefined) undo = () => relay.close()
    const url = relay?.url ?? address.url.href
    const sql = openDatabase(url)
    undo = async () => {
      await sql.end({ timeout: 1 })
      await relay?.close()
    }
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`
    await sql.end()
    return { url, tls, version: row?.version.split(' ')[0] ?? '?', close: async () => relay?.close() }
  } catch (error) {
    await undo()
    throw error instanceof StartError ? error : new StartError(explain(error, address))
  }
}
