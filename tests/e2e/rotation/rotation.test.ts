/** A whole rotation on the real server, as docs/secrets.md tells it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloneProject } from '#tests/support/clone'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, trigger } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'
import { type Client, createClient } from '#tests/e2e/support/client'

const VALUE = 'sk-of-the-owner'

let clone: ReturnType<typeof cloneProject>
let server: TestServer
let recorder: HttpServer
let ana: Client

beforeAll(async () => {
  clone = cloneProject()
  recorder = await startHttpServer()
  const env = { SECRET_KEY: '', JWT_SECRET_KEY: '', ENCRYPTION_KEY: '', OUTBOUND_ALLOW: '127.0.0.1' }
  server = await startServer({ root: clone.root, dataDir: join(clone.root, '.data'), env })
  ana = await createClient(server.url)
}, 120_000)
afterAll(async () => {
  await server.remove()
  await recorder.stop()
  clone.remove()
})

function rotateKeys(...args: string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(clone.root, 'local/rotate-keys-cli.ts'), ...args],
    {
      cwd: clone.root,
      env: { PATH: process.env['PATH'], DATA_DIR: server.dataDir },
      encoding: 'utf8',
    },
  )
  return { code: status, output: stdout + stderr }
}

/** The versions in `.dev.vars`. */
function keys(): string[] {
  const text = parseEnv(readFileSync(join(clone.root, '.dev.vars'), 'utf8'))['ENCRYPTION_KEY'] ?? ''
  return text.split(',').map((key) => key.split(':')[0] ?? '')
}

async function stored(): Promise<Record<string, number>> {
  const sql = postgres(server.databaseUrl, { max: 1 })
  const rows = await sql<{ version: string; count: number }[]>`
    select split_part(value, '.', 1) as version, count(*)::int as count from synapscale_db.variables group by 1`
  await sql.end()
  return Object.fromEntries(rows.map(({ version, count }) => [version, count]))
}

async function define(key: string, value: string): Promise<void> {
  expect((await ana.call('/variables', { key, value, secret: true })).status).toBe(201)
}

/** What a node really sends for a secret. */
async function sent(key: string): Promise<unknown> {
  const mark = `${key}-${crypto.randomUUID()}`
  const config = { url: `${recorder.url}/echo/${mark}`, headers: { 'x-secret': `{{ $secrets.${key} }}` } }
  const id = await ana.start(chain([trigger, { id: 'call', type: 'http.request', config }]))
  await ana.watch(id).last
  return recorder.requests(mark)[0]?.headers['x-secret']
}

test('a rotation, step by step, with nothing lost on the way', { timeout: 180_000 }, async () => {
  await define('OLD', VALUE)
  for (let index = 0; index < 60; index += 1) await define(`MORE_${index}`, `value-${index}`)
  expect(await sent('OLD')).toBe(VALUE)

  // 1. A new key in front. The running server does not know it yet, so nothing is encrypted with it.
  expect(rotateKeys()).toMatchObject({ code: 0, output: expect.stringContaining('new first key v2') })
  expect(keys()).toEqual(['v2', 'v1'])
  expect(rotateKeys('--secrets')).toMatchObject({
    code: 1,
    output: expect.stringContaining('does not encrypt with v2'),
  })
  expect(rotateKeys('--drop')).toMatchObject({ code: 1, output: expect.stringContaining('start it again') })
  expect(await stored()).toEqual({ v1: 61 })

  // 2. Started again it reads both, and writes the new one.
  await server.stop()
  await server.restart()
  expect(await sent('OLD')).toBe(VALUE)
  await define('NEW', 'of the new key')
  expect(await stored()).toEqual({ v1: 61, v2: 1 })
  expect(rotateKeys('--drop')).toMatchObject({ code: 1, output: expect.stringContaining('still needed: v1: 61') })
  expect(keys()).toEqual(['v2', 'v1'])

  // 3. Everything under the new key while the server runs, then the former one goes.
  expect(rotateKeys('--secrets')).toMatchObject({ code: 0, output: expect.stringContaining('encrypted anew: 61') })
  expect(await stored()).toEqual({ v2: 62 })
  expect(await sent('OLD')).toBe(VALUE)
  expect(rotateKeys('--drop')).toMatchObject({
    code: 0,
    output: expect.stringContaining('taken out of ENCRYPTION_KEY: v1'),
  })
  expect(keys()).toEqual(['v2'])

  await server.stop()
  // Also without a server: the database is started for it alone.
  expect(rotateKeys('--secrets')).toMatchObject({ code: 0, output: expect.stringContaining('encrypted anew: 0') })
  await server.restart()
  expect(await sent('OLD')).toBe(VALUE)
  expect(await sent('NEW')).toBe('of the new key')
  expect(server.output()).not.toContain(VALUE)
})
