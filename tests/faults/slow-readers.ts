/** Clients that stop reading: they hold up nobody, take no memory without end, and miss nothing when they read on (P9). */
import { WebSocket } from 'ws'
import { z } from 'zod'
import { ExecutionFrame } from '#core/workflow/execution'
import { Frame, messagesOf, textOf } from '#tests/e2e/support/chats'
import { isLast } from '#tests/e2e/support/client'
import { residentMib } from '#tests/support/process-usage'
import { follow, isPing, PONG, type Sequenced } from './follow.ts'
import { isSame, socketUrl, talkative } from './streams.ts'
import { allEvents, END_MS, ended, type Ground, until } from './world.ts'
import { askFor, wordsFor } from './words.ts'

/** Of each answer that a run's node gets. */
const ANSWER_BYTES = 40_000
/** What a socket may be ahead of its client, as workerd holds it, and what differs from run to run. */
const MAX_MIB_A_READER = 8
const SPARE_MIB = 64
const SAMPLE_MS = 50
const MIB = 1_048_576
const LONG_ANSWER_WORDS = 20_000

const ChatEvent = Frame.extend({ seq: z.int() })
type ChatEvent = z.infer<typeof ChatEvent>
const Made = z.object({ id: z.uuid() })

/** Of workerd, while `work` is done; undefined where nothing tells. */
async function peakOf({ server }: Ground, work: () => Promise<unknown>): Promise<number | undefined> {
  let peak: number | undefined
  const sample = (): void => {
    try {
      peak = Math.max(peak ?? 0, residentMib([server.pids().workerd]))
    } catch {
      // Elsewhere than on Linux.
    }
  }
  const timer = setInterval(sample, SAMPLE_MS)
  await work()
  clearInterval(timer)
  return peak
}

/** Sockets that are open and not read. */
function openIdle(url: string, count: number): Promise<WebSocket[]> {
  const openOne = async (): Promise<WebSocket> => {
    const socket = new WebSocket(url)
    const opened = Promise.withResolvers<void>()
    socket.on('error', () => undefined).on('close', () => opened.resolve())
    socket.on('open', () => {
      socket.pause()
      opened.resolve()
    })
    await opened.promise
    return socket
  }
  return Promise.all(Array.from({ length: count }, openOne))
}

/** Reads on, answering pings as a client does; comes back behind what it has when it was given up meanwhile. */
async function readOn<T extends Sequenced>(
  socket: WebSocket,
  url: string,
  parse: (frame: unknown) => T | undefined,
  isWhole: (frame: T) => boolean,
): Promise<T[]> {
  const seen: T[] = []
  const done = Promise.withResolvers<void>()
  const signal = AbortSignal.timeout(END_MS)
  signal.addEventListener('abort', () => done.resolve())
  socket.on('close', () => done.resolve())
  socket.on('message', (data: Buffer) => {
    const frame: unknown = JSON.parse(String(data))
    if (isPing(frame)) socket.send(PONG)
    const event = parse(frame)
    if (event === undefined) return
    seen.push(event)
    if (isWhole(event)) done.resolve()
  })
  socket.resume()
  await done.promise
  socket.terminate()
  const onCut = (): void => undefined
  return follow({ url, parse, isLast: isWhole, cutAfter: () => Number.POSITIVE_INFINITY, onCut, signal, seen })
}

/** A run with large events, alone and then with clients that do not read: what workerd grows by is bounded. */
export async function readRunSlowly(ground: Ground, readers: number, items: number): Promise<void> {
  const { ana, http, ledger } = ground
  const workflow = await ana.createWorkflow(talkative(`${http.url}/fill/slow?byte=97&count=${ANSWER_BYTES}`, items))
  const calm = await peakOf(ground, async () => ended(ground, await ana.execute(workflow)))
  const id = await ana.execute(workflow)
  let slow: WebSocket[] = []
  const peak = await peakOf(ground, async () => {
    slow = await openIdle(socketUrl(ground, id), readers)
    const execution = await ended(ground, id)
    ledger.expect('P9', execution?.status === 'completed', () => `${id} is held up by clients that do not read`)
  })
  ledger.attacked('P9', readers)
  if (calm !== undefined && peak !== undefined) {
    const sent = (readers * items * ANSWER_BYTES) / MIB
    const most = readers * MAX_MIB_A_READER + SPARE_MIB
    // Where less than that was to be sent at all, nothing is proved.
    if (sent > most)
      ledger.expect('P9', peak - calm < most, () => `${readers} clients that do not read took ${peak - calm} MiB`)
    ledger.note(
      'P9',
      `${readers} slow readers of ${sent.toFixed(0)} MiB: workerd ${calm.toFixed(0)} -> ${peak.toFixed(0)} MiB`,
    )
  }
  const events = await allEvents(ground, id)
  const parse = (frame: unknown) => ExecutionFrame.safeParse(frame).data
  const isEnd = (event: ExecutionFrame): boolean => isLast(event)
  const seen = await Promise.all(slow.map((socket) => readOn(socket, socketUrl(ground, id), parse, isEnd)))
  for (const frames of seen) {
    ledger.expect('P9', isSame(frames, events), () => `a slow reader of ${id} saw ${frames.length} of ${events.length}`)
  }
}

/** A long answer beside clients that do not read it: other chats are answered, and they miss nothing when they read on. */
export async function readChatSlowly(ground: Ground, readers: number): Promise<void> {
  const { ana, ledger, server } = ground
  const [chat, other] = await Promise.all([0, 1].map(async () => Made.parse((await ana.call('/chat', {})).body).id))
  const url = `${server.url.replace('http', 'ws')}/api/v1/ws/chat/${chat}?token=${ana.token}`
  const slow = await openIdle(`${url}&after=0`, readers)
  await ana.call(`/chat/${chat}/messages`, { content: askFor(1, LONG_ANSWER_WORDS) })
  const beside = await ana.call(`/chat/${other}/messages?wait=30`, { content: askFor(2, 3) })
  const said = z.object({ content: z.string() }).safeParse(beside.body).data?.content
  ledger.expect('P9', said === wordsFor(2, 3), () => `a chat is held up by clients that do not read: ${beside.status}`)
  const whole = await until(async () => {
    const answer = (await messagesOf(ana, chat ?? '')).at(-1)
    return answer?.status === 'complete' ? answer : undefined
  })
  const text = wordsFor(1, LONG_ANSWER_WORDS)
  ledger.expect('P9', whole?.content === text, () => `a long answer is ${whole?.content.length} of ${text.length} long`)
  ledger.attacked('P9', readers)
  const parse = (frame: unknown) => ChatEvent.safeParse(frame).data
  const isEnd = ({ type, data }: ChatEvent): boolean =>
    type === 'chat_message' && JSON.stringify(data).includes('"assistant"')
  const seen = await Promise.all(slow.map((socket) => readOn(socket, url, parse, isEnd)))
  for (const words of seen.map(textOf)) {
    ledger.expect('P9', words === text, () => `a slow reader of chat ${chat} saw ${words.length} of ${text.length}`)
  }
}
