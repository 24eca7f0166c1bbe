// Plain node around a real workerd and a real PostgreSQL with a relay between them, since nothing inside of workerd
// can stop or freeze a server.
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { startRelay, type Relay } from '#tests/support/relay'

const WAYS = ['pool', 'hyperdrive'] as const
const DEADLINE_MS = 5_000
/** What a breaker that is open takes to answer, with room for a busy machine. */
const AT_ONCE_MS = 200

interface Answer {
  readonly status: number
  readonly ms: number
  readonly text: string
}

let relay: Relay
let miniflare: Miniflare
let worker: URL
let isCut = false

async function ask(way: (typeof WAYS)[number], sleep = '0'): Promise<Answer> {
  const begin = performance.now()
  const response = await fetch(`${worker.href}?${new URLSearchParams({ way, sleep }).toString()}`)
  return { status: response.status, text: await response.text(), ms: performance.now() - begin }
}

async function untilBack(way: (typeof WAYS)[number], timeout = 2_500): Promise<void> {
  await vi.waitFor(async () => expect(await ask(way)).toMatchObject({ status: 200 }), { timeout, interval: 100 })
}

async function cut(): Promise<void> {
  isCut = true
  await relay.cut()
}

async function restore(): Promise<void> {
  isCut = false
  await relay.restore()
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../support/database-worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker'],
    external: ['node:*', 'cloudflare:*'],
  })
  return outputFiles.map((file) => file.text).join('')
}

beforeAll(async () => {
  const url = new URL(inject('databaseUrl'))
  relay = await startRelay(Number(url.port))
  url.hostname = '127.0.0.1'
  url.port = String(relay.port)
  const options = convertV4MiniflareOptions({
    modules: true,
    script: await bundle(),
    compatibilityDate: '2026-11-01',
    compatibilityFlags: ['nodejs_compat', 'global_fetch_strictly_public'],
    bindings: {
      DATABASE_URL: url.href,
      HYPERDRIVE_OF_TEST: { connectionString: url.href },
      SECRET_KEY: 'only-for-tests-only-for-tests-only',
      JWT_SECRET_KEY: 'also-only-for-tests-only-for-tests',
      ENCRYPTION_KEY: `v1:${'A'.repeat(43)}=`,
    },
    durableObjects: { POSTGRES_POOL: { className: 'PostgresPool', useSQLite: true } },
  })
  miniflare = new Miniflare(options)
  worker = await miniflare.ready
})

afterEach(async () => {
  relay.thaw()
  if (isCut) await restore()
})

afterAll(async () => {
  await miniflare.dispose()
  await cut()
})

describe.each(WAYS)('through %s', (way) => {
  beforeEach(() => untilBack(way, 10_000))

  test('a PostgreSQL that was restarted is used again, without a lost request', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask(way)))
    await cut()
    await restore()
    expect(await ask(way)).toMatchObject({ status: 200 })
  })

  test('a PostgreSQL that is gone is unavailable at once, and comes back by itself', async () => {
    await cut()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const answer = await ask(way)
      expect(answer).toMatchObject({ status: 503 })
      expect(answer.ms).toBeLessThan(AT_ONCE_MS)
    }
    await restore()
    await untilBack(way)
  })

  test('a statement that is under way when PostgreSQL goes fails at once', async () => {
    const answer = ask(way, '3')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await cut()
    expect(await answer).toMatchObject({ status: 503 })
    expect((await answer).ms).toBeLessThan(1_500)
  })

  test('a frozen PostgreSQL is an absent one', async () => {
    relay.freeze()
    const first = await Promise.all(Array.from({ length: 20 }, () => ask(way)))
    for (const answer of first) {
      expect(answer).toMatchObject({ status: 503 })
      expect(answer.ms).toBeLessThan(DEADLINE_MS)
    }
    expect(await ask(way)).toMatchObject({ status: 503 })
    relay.thaw()
    await untilBack(way)
  })
})

test('while the server is frozen, the pool answers at once and looks again only now and then', async () => {
  relay.freeze()
  await ask('pool')
  const answers: Answer[] = []
  for (let attempt = 0; attempt < 20; attempt += 1) answers.push(await ask('pool'))
  const slow = answers.filter(({ ms }) => ms > AT_ONCE_MS)
  expect(answers.every(({ status }) => status === 503)).toBe(true)
  expect(slow.length).toBeLessThan(3)
})

test('a freeze that ends in time is only a slow answer', async () => {
  await untilBack('pool')
  relay.freeze()
  const answer = ask('pool')
  setTimeout(() => relay.thaw(), 1_000)
  expect(await answer).toMatchObject({ status: 200 })
})
