/** `sslmode`, against a server with a certificate that nobody signed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { reachDatabase } from '#local/database'
import { startTestPostgres } from '#tests/support/postgres'

let database: Awaited<ReturnType<typeof startTestPostgres>>
let admin: Sql
const directory = mkdtempSync(join(tmpdir(), 'synapscale-tls-'))
const certificate = join(directory, 'server.crt')

function urlWith(search: string): string {
  const url = new URL(database.url)
  url.search = search
  return url.href
}

/** What the server says about the connection that the worker would use. */
async function isEncrypted(search: string): Promise<boolean | undefined> {
  const reached = await reachDatabase(urlWith(search))
  const sql = postgres(reached.url, { max: 1 })
  try {
    const [row] = await sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`
    return row?.ssl
  } finally {
    await sql.end()
    await reached.close()
  }
}

beforeAll(async () => {
  const subject = ['-subj', '/CN=db.example', '-addext', 'subjectAltName=DNS:db.example', '-days', '2']
  const files = ['-keyout', join(directory, 'server.key'), '-out', certificate]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], { stdio: 'ignore' })
  database = await startTestPostgres()
  admin = postgres(database.url, { max: 1 })
  await admin.unsafe(`alter system set ssl_cert_file = '${certificate}'`)
  await admin.unsafe(`alter system set ssl_key_file = '${join(directory, 'server.key')}'`)
  await admin.unsafe(`alter system set ssl = on`)
  await admin`select pg_reload_conf()`
  await vi.waitFor(async () => expect(await admin`show ssl`).toEqual([{ ssl: 'on' }]))
}, 60_000)

afterAll(async () => {
  await admin.end()
  await database.stop()
  rmSync(directory, { recursive: true, force: true })
})

test.each([
  ['', false],
  ['?sslmode=disable', false],
  ['?sslmode=prefer', true],
  ['?sslmode=require', true],
  [`?sslmode=verify-ca&sslrootcert=${certificate}`, true],
])('%s', async (search, expected) => {
  expect(await isEncrypted(search)).toBe(expected)
})

test('verify-ca refuses a certificate of an unknown authority', async () => {
  await expect(reachDatabase(urlWith('?sslmode=verify-ca'))).rejects.toThrow(
    /is not trusted .*: name its authority with sslrootcert=/,
  )
})

test('verify-full refuses a certificate of another name', async () => {
  const search = `?sslmode=verify-full&sslrootcert=${certificate}`
  await expect(reachDatabase(urlWith(search))).rejects.toThrow('was made for another name')
})

test('a server that demands TLS says so', async () => {
  const [row] = await admin<{ hba_file: string }[]>`show hba_file`
  await admin.unsafe('create database locked')
  // The first line that fits decides.
  execFileSync('sed', ['-i', '1i hostnossl locked all all reject', row?.hba_file ?? ''])
  await admin`select pg_reload_conf()`
  const url = new URL(database.url)
  url.pathname = '/locked'
  await expect.poll(() => reachDatabase(url.href).then(String, String)).toContain('demands TLS: add ?sslmode=require')
})

test.each(['postgresql://user:pa#ss@host/db', 'postgresql://user:12?34@host/db', 'postgresql://user:pa/ss@host/db'])(
  'a password that is not percent-encoded is not shown: %s',
  async (url) => {
    await expect(reachDatabase(url)).rejects.toThrow(
      /^DATABASE_URL must look like postgresql:\/\/user:password@host:5432\/database/,
    )
  },
)
