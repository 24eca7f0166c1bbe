/** What workerd does for any worker of ours: a small one that tells what it sees. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { signal, waitUntilGone } from '#local/processes'
import { findRuntime } from '#local/runtime-command'
import { runtimePidFile, startWorker, type RunningWorker } from '#local/worker'
import { findFreePort } from '#tests/support/server'

const SCRIPT = `
import { DurableObject } from 'cloudflare:workers'
export class Notes extends DurableObject {
  constructor(context, env) {
    super(context, env)
    context.storage.sql.exec('create table if not exists notes (text)')
  }
  write(text) { this.ctx.storage.sql.exec('insert into notes values (?)', text) }
  wakeIn(milliseconds) { return this.ctx.storage.setAlarm(Date.now() + milliseconds) }
  alarm() { this.write('alarm') }
  read() { return this.ctx.storage.sql.exec('select text from notes').toArray().map((row) => row.text) }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    this.ctx.acceptWebSocket(server)
    return new Response(null, { status: 101, webSocket: client })
  }
  webSocketMessage(socket, text) { socket.send('echo ' + text) }
}
export default {
  async fetch(request, env) {
    const notes = env.NOTES.getByName('one')
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/socket') return notes.fetch(request)
    if (pathname === '/write') return Response.json(await notes.write(searchParams.get('text')) ?? null)
    if (pathname === '/wake') return Response.json(await notes.wakeIn(Number(searchParams.get('in'))) ?? null)
    if (pathname === '/notes') return Response.json(await notes.read())
    if (pathname === '/public') return env.OUTBOUND_PUBLIC.fetch(searchParams.get('url')).then(() => new Response('reached'), () => new Response('refused'))
    if (pathname === '/internal') return env.OUTBOUND_INTERNAL.fetch(searchParams.get('url')).then(() => new Response('reached'), () => new Response('refused'))
    return Response.json({ pathname, cf: request.cf ?? null, greeting: env.GREETING })
  },
}
`

const directory = mkdtempSync(join(tmpdir(), 'synapscale-worker-'))
const build = join(directory, 'build')
const dataDir = join(directory, 'data')
const problems: string[] = []
let port = 0
let worker: RunningWorker

function start(): Promise<RunningWorker> {
  const onFatal = (reason: string): void => void problems.push(reason)
  return startWorker({
    host: '127.0.0.1',
    port,
    dataDir,
    build,
    vars: { GREETING: 'hello' },
    log: () => undefined,
    onFatal,
  })
}

async function get(path: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
  const text = await response.text()
  return response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text
}

beforeAll(async () => {
  const options = {
    name: 'probe',
    compatibilityDate: '2026-11-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: {},
    durableObjects: { NOTES: { className: 'Notes', useSQLite: true } },
    assets: { directory: join(build, 'files'), binding: 'ASSETS', routerConfig: { has_user_worker: true } },
  }
  mkdirSync(join(build, 'files/assets'), { recursive: true })
  mkdirSync(dataDir)
  writeFileSync(join(build, 'files/assets/style.css'), 'body {}')
  writeFileSync(join(build, 'index.js'), SCRIPT)
  writeFileSync(join(build, 'options.json'), JSON.stringify(options))
  port = await findFreePort()
  worker = await start()
})

afterAll(async () => {
  await worker.stop()
  rmSync(directory, { recursive: true, force: true })
  expect(problems).toEqual([])
})

test("a client's address is the peer's, whatever its headers say", async () => {
  const forged = { 'MF-CF-Blob': '{"clientIp":"203.0.113.1:1","country":"XX"}' }
  const expected = { cf: { clientIp: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }, greeting: 'hello' }
  expect(await get('/', forged)).toEqual({ pathname: '/', ...expected })
})

test('static files come first, and what is none of them goes to the worker', async () => {
  expect(await get('/assets/style.css')).toBe('body {}')
  expect(await get('/assets/absent.css')).toMatchObject({ pathname: '/assets/absent.css' })
  expect(await get('/style.css?x=/assets/style.css')).toMatchObject({ pathname: '/style.css' })
})

test('HTTP/1.0 without keep-alive, as ab speaks it, is answered and closed', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK\r\n.*"greeting":"hello"\}$/s)
})

test('a websocket reaches an actor', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
  const reply = new Promise((heard, failed) =>
    socket.once('message', (data: Buffer) => heard(data.toString())).once('error', failed),
  )
  socket.once('open', () => socket.send('hello'))
  expect(await reply).toBe('echo hello')
  socket.close()
})

test('the public way out does not lead to this machine, the internal one does', async () => {
  const url = encodeURIComponent(`http://127.0.0.1:${port}/`)
  expect(await get(`/public?url=${url}`)).toBe('refused')
  expect(await get(`/internal?url=${url}`)).toBe('reached')
})

test('what an actor wrote, and its alarm, outlive a stop and a kill -9', async () => {
  await get('/write?text=before')
  await worker.stop()
  worker = await start()
  await get('/write?text=between')
  await get('/wake?in=1500')
  const pid = findRuntime(runtimePidFile(dataDir)) ?? 0
  signal(pid, 'SIGKILL')
  await waitUntilGone([pid], 5_000)
  await vi.waitFor(async () => expect(await get('/notes')).toEqual(['before', 'between', 'alarm']), { timeout: 15_000 })
})
