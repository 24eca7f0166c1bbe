/** Who is connected, over the real server: a logout over HTTP ends sockets, whatever was killed meanwhile. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { signal, waitUntilGone } from '#local/processes'
import { request } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, trigger } from '#tests/worker/support/graphs'

const SECOND_MS = 1_000
const Frame = z.looseObject({
  seq: z.int().optional(),
  event_type: z.string().optional(),
  execution_id: z.string().nullish(),
})
type Frame = z.infer<typeof Frame>

interface Follower {
  readonly frames: readonly Frame[]
  readonly closed: Promise<number>
  isOpen(): boolean
  /** Ends the connection from our side: workerd does so only when the actor goes to sleep. */
  terminate(): void
}

let server: TestServer
const email = `${randomUUID()}@example.com`
const password = 'securepassword'

beforeAll(async () => {
  server = await startServer()
  await post('/auth/register', { email, password, name: 'Ana' })
})

afterAll(async () => {
  await server.remove()
})

async function post(path: string, json: object, token?: string) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
  return request(`${server.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(json) })
}

async function logIn(): Promise<string> {
  const { body } = await post('/auth/login', { email, password })
  return z.object({ access_token: z.string() }).parse(body).access_token
}

async function runOne(token: string): Promise<string> {
  const { body } = await post('/workflows', { name: 'Teste', definition: chain([trigger]) }, token)
  const { id } = z.object({ id: z.uuid() }).parse(body)
  const answer = await post(`/workflows/${id}/execute`, {}, token)
  return z.object({ execution_id: z.uuid() }).parse(answer.body).execution_id
}

/** Resolves once the socket is confirmed. */
function open(path: string, token: string): Promise<Follower> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/ws/${path}`, ['bearer', token])
  const frames: Frame[] = []
  const closed = new Promise<number>((end) => socket.on('close', end))
  return new Promise((found, failed) => {
    socket.on('error', failed).on('message', (data: Buffer) => {
      frames.push(Frame.parse(JSON.parse(String(data))))
      found({
        frames,
        closed,
        isOpen: () => socket.readyState === WebSocket.OPEN,
        terminate: () => socket.terminate(),
      })
    })
  })
}

/** The code of the server's close frame, if it comes within a second. */
async function closeOf(socket: Follower): Promise<number | 'open'> {
  const deadline = Date.now() + SECOND_MS
  while (socket.isOpen()) {
    if (Date.now() > deadline) return 'open'
    await sleep(10)
  }
  socket.terminate()
  return socket.closed
}

async function killWorkerd(): Promise<void> {
  const { workerd } = server.pids()
  signal(workerd, 'SIGKILL')
  await waitUntilGone([workerd], 5_000)
  await expect
    .poll(async () => (await request(`${server.url}/health`).catch(() => undefined))?.status, { timeout: 30_000 })
    .toBe(200)
}

test('what runs is told, and a logout ends the sockets of its session within a second', async () => {
  const [here, there] = [await logIn(), await logIn()]
  const id = await runOne(here)
  const mine = [await open(`execution/${id}`, here), await open('workspace', here)]
  const others = [await open(`execution/${id}`, there), await open('workspace', there)]
  const next = await runOne(there)
  const isEnd = (frame: Frame) => frame.execution_id === next && frame.event_type === 'execution_completed'
  await expect.poll(() => others[1]?.frames.some(isEnd)).toBe(true)
  await post('/auth/logout', {}, here)
  expect(await Promise.all(mine.map(closeOf))).toEqual([4001, 4001])
  expect(await Promise.all(others.map(closeOf))).toEqual(['open', 'open'])
})

test('over kill -9 of workerd: clients come back, are told what they missed, and end with their session', async () => {
  const token = await logIn()
  const id = await runOne(token)
  const before = [await open(`execution/${id}`, token), await open('workspace', token)]
  const last = z.object({ last_seq: z.int() }).parse(before[1]?.frames[0]?.['data']).last_seq
  await killWorkerd()
  await Promise.all(before.map(({ closed }) => closed))
  const missed = await runOne(token)
  const after = [await open(`execution/${id}`, token), await open(`workspace?after=${last}`, token)]
  const told = () =>
    after[1]?.frames.filter(({ execution_id }) => execution_id === missed).map((frame) => frame.event_type)
  await expect.poll(told).toEqual(['execution_started', 'execution_completed'])
  await killWorkerd()
  const [execution, workspace] = [await open(`execution/${id}`, token), await open('workspace', token)]
  await post('/auth/logout', {}, token)
  expect(await Promise.all([execution, workspace].map(closeOf))).toEqual([4001, 4001])
})

test('nothing escaped into the log', () => {
  expect(server.output()).not.toMatch(/uncaught|unhandled|alarm_failed|"level":"error"/i)
})
