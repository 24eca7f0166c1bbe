/** Chats: many that are open and idle, and many that are answered at once; beside an actor that only echoes. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type Client, createClient } from '#tests/e2e/support/client'
import { percentile } from './load.ts'
import { cpuMs, residentMib } from '#tests/support/process-usage'
import type { Bench } from './report.ts'
import { startFloor, startOurs, type Subject } from './subjects.ts'

const IDLE = 5_000
const AWAKE = 1_000
/** A workspace's hub lets no more in. */
const IDLE_PER_WORKSPACE = 2_500
const STREAMS = 200
const TOKENS_PER_SECOND = 50
const SECONDS = 10
/** An actor stays some ten seconds after its last event. */
const EVICTION_MS = 20_000
const AT_ONCE = 25
const KIB_PER_MIB = 1_024

const Made = z.object({ id: z.uuid() })

async function inBatches<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) {
    const batch = Math.min(AT_ONCE, count - made.length)
    made.push(...(await Promise.all(Array.from({ length: batch }, (_, index) => make(made.length + index)))))
  }
  return made
}

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  return socket
}

const socketUrl = (url: string, path: string): string => `${url.replace('http', 'ws')}${path}`

async function openChat(url: string, client: Client, more: object = {}): Promise<string> {
  const { id } = Made.parse((await client.call('/chat', more)).body)
  return socketUrl(url, `/api/v1/ws/chat/${id}?token=${client.token}`)
}

async function measureIdleOf(bench: Bench, who: string, subject: Subject, urls: readonly string[]): Promise<void> {
  const before = residentMib(subject.pids())
  const sockets: WebSocket[] = []
  while (sockets.length < urls.length) {
    // An actor that is awake holds its files open, and a process may open only so many.
    if (sockets.length > 0) await sleep(EVICTION_MS)
    const some = urls.slice(sockets.length, sockets.length + AWAKE)
    sockets.push(...(await inBatches(some.length, (index) => openSocket(some[index] ?? ''))))
  }
  const busy = residentMib(subject.pids())
  await sleep(EVICTION_MS)
  const after = residentMib(subject.pids())
  const each = ((after - before) * KIB_PER_MIB) / urls.length
  const told = `${before} MiB before, ${busy} when all are open, ${after} when their actors sleep: ${each.toFixed(0)} KiB for each`
  bench.figure('chat-sockets', `${urls.length} idle sockets, ${who}`, told)
  for (const socket of sockets) socket.terminate()
}

/** A chat each, in which nobody speaks. */
export async function measureIdleChats(bench: Bench): Promise<void> {
  const count = bench.requests(IDLE)
  const ours = await startOurs()
  try {
    const clients = await inBatches(Math.ceil(count / IDLE_PER_WORKSPACE), () => createClient(ours.url))
    const urls = await inBatches(count, (index) =>
      openChat(ours.url, clients[Math.floor(index / IDLE_PER_WORKSPACE)] ?? ours.client),
    )
    await sleep(EVICTION_MS)
    await measureIdleOf(bench, 'a chat of ours each', ours, urls)
  } finally {
    await ours.stop()
  }
  const floor = await startFloor()
  try {
    const urls = Array.from({ length: count }, (_, index) => socketUrl(floor.url, `/${index}`))
    await measureIdleOf(bench, 'a bare echo each', floor, urls)
  } finally {
    await floor.stop()
  }
}

/** Says so many tokens at an even pace; each is the time at which it was said. */
async function say(write: (token: string) => void): Promise<void> {
  const began = performance.now()
  for (let said = 0; said < SECONDS * TOKENS_PER_SECOND; said += 1) {
    write(`${performance.now().toFixed(1)} `)
    await sleep(Math.max(0, began + ((said + 1) * 1_000) / TOKENS_PER_SECOND - performance.now()))
  }
}

/** A model over HTTP, in OpenAI's wire format. */
async function startModel() {
  const server = createServer((_, response) => void answer(response))
  async function answer(response: ServerResponse): Promise<void> {
    const send = (delta: object, finish_reason: string | null) => {
      const chunk = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'one' }
      response.write(`data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta, finish_reason }] })}\n\n`)
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await say((content) => send({ role: 'assistant', content }, null))
    send({}, 'stop')
    response.end('data: [DONE]\n\n')
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return { baseUrl: `http://127.0.0.1:${port}/v1`, stop: () => server.close() }
}

const Delta = z.object({ type: z.literal('message_delta'), data: z.object({ delta: z.object({ text: z.string() }) }) })

/** Notes what has come of what was said, and when. */
function createEar() {
  const delays: number[] = []
  let frames = 0
  return {
    delays,
    frames: () => frames,
    hear(text: string): void {
      frames += 1
      for (const said of text.trim().split(' ')) delays.push(performance.now() - Number(said))
    },
  }
}

/** Lets all of them be spoken in at once, and waits until everything said has come, or nothing more comes. */
async function measureStreamsOf(
  bench: Bench,
  who: string,
  subject: Subject,
  sockets: readonly WebSocket[],
  {
    begin,
    read,
  }: { readonly begin: (socket: WebSocket) => void; readonly read: (frame: string) => string | undefined },
): Promise<void> {
  const ear = createEar()
  for (const socket of sockets) {
    socket.on('message', (frame: Buffer) => {
      const text = read(String(frame))
      if (text !== undefined) ear.hear(text)
    })
  }
  const wanted = sockets.length * SECONDS * TOKENS_PER_SECOND
  const [before, memory] = [cpuMs(subject.pids()), residentMib(subject.pids())]
  for (const socket of sockets) begin(socket)
  const deadline = performance.now() + 3 * SECONDS * 1_000
  while (ear.delays.length < wanted && performance.now() < deadline) await sleep(100)
  const told = [
    `delay of a token p50 ${percentile(ear.delays, 0.5).toFixed(1)} ms, p99 ${percentile(ear.delays, 0.99).toFixed(1)} ms`,
    `${wanted - ear.delays.length} of ${wanted} lost`,
    `${(ear.delays.length / ear.frames()).toFixed(1)} tokens a frame`,
    `${(((cpuMs(subject.pids()) - before) * 1_000) / wanted).toFixed(0)} µs CPU a token`,
    `${memory} to ${residentMib(subject.pids())} MiB`,
  ]
  bench.figure('streams', `${sockets.length} at ${TOKENS_PER_SECOND} tokens/s, ${who}`, told.join('; '))
  for (const socket of sockets) socket.terminate()
}

/** Answers of a model that come at once into chats, each followed by a socket. */
export async function measureStreams(bench: Bench): Promise<void> {
  const count = bench.requests(STREAMS)
  const model = await startModel()
  const ours = await startOurs({ LLM_PROVIDERS: JSON.stringify([{ id: 'bench', base_url: model.baseUrl }]) })
  try {
    const agent = Made.parse((await ours.client.call('/agents', { name: 'Bench', model: 'bench/one' })).body)
    const urls = await inBatches(count, () => openChat(ours.url, ours.client, { agent_id: agent.id }))
    const sockets = await inBatches(count, (index) => openSocket(urls[index] ?? ''))
    await measureStreamsOf(bench, 'chats of ours', ours, sockets, {
      begin: (socket) => socket.send(JSON.stringify({ type: 'chat_message', data: { message: 'Fale' } })),
      read: (frame) => Delta.safeParse(JSON.parse(frame)).data?.data.delta.text,
    })
  } finally {
    await ours.stop()
    model.stop()
  }
  const floor = await startFloor()
  try {
    const sockets = await inBatches(count, (index) => openSocket(socketUrl(floor.url, `/${index}`)))
    await measureStreamsOf(bench, 'bare echoes', floor, sockets, {
      begin: (socket) => void say((token) => socket.send(token)),
      read: (frame) => frame,
    })
  } finally {
    await floor.stop()
  }
}
