/** `DATABASE_URL` as libpq reads it, as far as this program honours it. */
import { readFileSync } from 'node:fs'
import { messageOf, StartError } from './start-error.ts'

/** How much TLS proves: `encrypt` trusts any certificate, `chain` its issuer, `host` its name too. */
type Verification = 'encrypt' | 'chain' | 'host'

export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  /** The address without what only libpq understands. */
  readonly url: URL
  /** `try`: TLS when the server offers it. */
  readonly tls: 'off' | 'try' | 'must'
  readonly verification: Verification
  /** Certificate authorities instead of the usual ones. */
  readonly authorities: string | undefined
}

const LIBPQ_ONLY = ['sslmode', 'sslrootcert', 'sslnegotiation', 'channel_binding', 'gssencmode']

const MODES: Readonly<Record<string, { tls: DatabaseAddress['tls']; verification: Verification }>> = {
  disable: { tls: 'off', verification: 'encrypt' },
  allow: { tls: 'try', verification: 'encrypt' },
  prefer: { tls: 'try', verification: 'encrypt' },
  'no-verify': { tls: 'must', verification: 'encrypt' },
  require: { tls: 'must', verification: 'encrypt' },
  'verify-ca': { tls: 'must', verification: 'chain' },
  'verify-full': { tls: 'must', verification: 'host' },
}

function readAuthorities(path: string | null): string | undefined {
  if (path === null || path === 'system') return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new StartError(`DATABASE_URL: sslrootcert cannot be read: ${messageOf(error)}`)
  }
}

/** A bare `#`, `?` or `/` in the password ends the host's part early: what looks like the host is a piece of the secret. */
function isCutShort(text: string, url: URL): boolean {
  return url.hash !== '' || (url.username === '' && text.includes('@'))
}

/**
 * Reads a connection string. Without `sslmode` the connection is plain.
 *
 * @throws StartError that never repeats the text, for there is a password in it
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || isCutShort(text, url)) {
    throw new StartError(
      'DATABASE_URL must look like postgresql://user:password@host:5432/database, with special characters percent-encoded',
    )
  }
  const name = url.searchParams.get('sslmode') ?? 'disable'
  const mode = MODES[name]
  if (mode === undefined) {
    throw new StartError(`DATABASE_URL: sslmode=${name} is unknown: use ${Object.keys(MODES).join(', ')}`)
  }
  const authorities = readAuthorities(url.searchParams.get('sslrootcert'))
  for (const parameter of LIBPQ_ONLY) url.searchParams.delete(parameter)
  // As in libpq: whoever names an authority wants it checked.
  const verification = name === 'require' && authorities !== undefined ? 'chain' : mode.verification
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(url.port || 5432), url, tls: mode.tls, verification, authorities }
}
