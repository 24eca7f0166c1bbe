/** `npm start`: what somebody at a terminal gets, on a good day and on a bad one. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, signal, waitUntilGone } from '#local/processes'
import { failToStart, findFreePort, startServer, type TestServer } from '#tests/support/server'

const QUICK_RESTART_MS = 10_000

let server: TestServer

async function query<T extends object>(text: string): Promise<T[]> {
  const sql = postgres(server.databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    return [...(await sql.unsafe<T[]>(text))]
  } finally {
    await sql.end()
  }
}

async function health(): Promise<number> {
  const response = await fetch(`${server.url}/health`)
  await response.body?.cancel()
  return response.status
}

/** Polls, for what the server mends by itself has no event outside. */
async function becomesHealthy(): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const status = await health().catch(() => 0)
    if (status === 200) return true
    await new Promise((later) => setTimeout(later, 100))
  }
  return false
}

beforeAll(async () => {
  server = await startServer()
}, 120_000)

afterAll(() => server.remove())

describe('a server that started', { timeout: 60_000 }, () => {
  test('shows each stage with its time and then the addresses', () => {
    expect(server.output()).toMatch(/^PostgreSQL 18\.\d+ started, data made in .* \([\d,]+ ms\)$/m)
    expect(server.output()).toMatch(/^worker (built|unchanged since its last build) \([\d,]+ ms\)$/m)
    expect(server.output()).toMatch(/^migrations applied: .* \([\d,]+ ms\)$/m)
    expect(server.output()).toContain(`  Docs     ${server.url}/docs\n`)
  })

  test('answers, with its database', async () => {
    expect(await health()).toBe(200)
  })

  test('serves the documentation scripts itself', async () => {
    const response = await fetch(`${server.url}/assets/swagger-ui.css`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
    await response.body?.cancel()
  })

  test('starts its worker again when that is killed', async () => {
    const { workerd } = server.pids()
    signal(workerd, 'SIGKILL')
    await waitUntilGone([workerd], 5_000)
    expect(await becomesHealthy()).toBe(true)
    expect(server.output()).toContain('the worker process died and was started again')
  })

  test('starts PostgreSQL again, at the same address, when that is killed', async () => {
    const before = server.databaseUrl
    const { postgres: pid } = server.pids()
    signal(pid, 'SIGKILL')
    await expect.poll(() => server.output(), { timeout: 20_000 }).toContain('PostgreSQL runs again')
    expect(server.databaseUrl).toBe(before)
    expect(await becomesHealthy()).toBe(true)
  })

  test('refuses a second start on its data', async () => {
    const { code, output } = await failToStart({ dataDir: server.dataDir })
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/^another start \(pid \d+\) uses .*: stop it, or set .*\n$/),
    ])
  })

  test('keeps its port', async () => {
    const { code, output } = await failToStart({ port: server.port, dataDir: join(server.dataDir, '../other') })
    expect([code, output]).toEqual([1, expect.stringMatching(/^port \d+ is taken: .* set PORT to another one\n$/)])
  })
})

describe('stopped and started again', { timeout: 60_000 }, () => {
  test('SIGTERM ends it with 0 and leaves no process', async () => {
    await query("create table public.kept (note text); insert into public.kept values ('once')")
    const { all } = server.pids()
    expect(await server.stop()).toEqual({ code: 0 })
    expect(all.filter(isAlive)).toEqual([])
  })

  test('it is back within seconds, with its data', async () => {
    const since = performance.now()
    await server.restart()
    expect(performance.now() - since).toBeLessThan(QUICK_RESTART_MS)
    expect(server.output()).toContain('database up to date')
    expect(await query('select note from public.kept')).toEqual([{ note: 'once' }])
  })

  test('kill -9 of everything loses nothing that was committed', async () => {
    await query("insert into public.kept values ('twice')")
    await server.kill()
    await server.restart()
    expect(await query('select note from public.kept')).toEqual([{ note: 'once' }, { note: 'twice' }])
    expect(await health()).toBe(200)
  })

  test('kill -9 of node alone takes the rest with it, or the next start does', async () => {
    const { node, all } = server.pids()
    signal(node, 'SIGKILL')
    await waitUntilGone([node], 5_000)
    await server.restart()
    expect(all.filter(isAlive)).toEqual([])
    expect(await health()).toBe(200)
  })
})

describe('what keeps it from starting is one line that says what to do', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'synapscale-start-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  let count = 0
  const start = (env: Record<string, string>): Promise<{ code: number | null; output: string }> =>
    failToStart({ env, dataDir: join(directory, String((count += 1))) })
  const withDatabase = (change: (url: URL) => void): Record<string, string> => {
    const url = new URL(server.databaseUrl)
    change(url)
    return { DATABASE_URL: url.href }
  }
  /** Stages that went well may have been told before. */
  const lastLine = (output: string): string | undefined => output.trim().split('\n').at(-1)

  test('a wrong password, which is not shown', async () => {
    const { code, output } = await start(withDatabase((url) => (url.password = 'not-the-password')))
    expect(code).toBe(1)
    expect(lastLine(output)).toMatch(
      /refuses the password of user "synapscale": check user and password in DATABASE_URL$/,
    )
    expect(output).not.toContain('not-the-password')
  })

  test('no PostgreSQL there', async () => {
    const port = String(await findFreePort())
    const { code, output } = await start(withDatabase((url) => (url.port = port)))
    expect(code).toBe(1)
    expect(lastLine(output)).toBe(
      `no PostgreSQL answers at 127.0.0.1:${port}: start it, or check host and port in DATABASE_URL`,
    )
  })

  test('a server that accepts and says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const { code, output } = await start(withDatabase((url) => (url.port = port)))
    silent.close()
    expect(code).toBe(1)
    expect(lastLine(output)).toMatch(/^no PostgreSQL answers at /)
  })

  test('a database that does not exist', async () => {
    const { code, output } = await start(withDatabase((url) => (url.pathname = '/absent')))
    expect(code).toBe(1)
    expect(lastLine(output)).toContain('has no database "absent": create it')
  })

  test('a PostgreSQL without TLS that is asked for it', async () => {
    const { code, output } = await start(withDatabase((url) => (url.search = '?sslmode=require')))
    expect(code).toBe(1)
    expect(lastLine(output)).toContain('has TLS switched off')
  })

  test('data of another PostgreSQL', async () => {
    const dataDir = join(directory, 'old')
    mkdirSync(join(dataDir, 'postgres/cluster'), { recursive: true })
    writeFileSync(join(dataDir, 'postgres/cluster/PG_VERSION'), '13\n')
    const { code, output } = await failToStart({ dataDir })
    expect(code).toBe(1)
    expect(lastLine(output)).toMatch(/was made by PostgreSQL 13 and this is 18: set DATA_DIR to another directory/)
  })

  test('several settings that cannot be used, all at once', async () => {
    const { code, output } = await start({ PORT: 'http', SECRET_KEY: 'short' })
    expect(code).toBe(1)
    expect(output).toMatch(/^settings \(environment or \.dev\.vars\): PORT: .*; SECRET_KEY: at least 32 characters\n$/)
  })
})
