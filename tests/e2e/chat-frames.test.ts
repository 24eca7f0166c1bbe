/** Every kind of frame that a chat's socket takes and sends, over a real websocket against the real server. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { ChatMessage } from '#core/chat/message'
import { Frame, textOf } from '#tests/e2e/support/chats'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'

const END = { timeout: 20_000, interval: 20 }
const ANSWER = 'um dois três'
const CALL = { id: 'call_0', name: 'current_time', input: {} }
const SCRIPT: readonly ScriptedReply[] = [
  { kind: 'text', text: ANSWER },
  { kind: 'tools', calls: [CALL] },
  { kind: 'text', text: 'São três horas.' },
  { kind: 'hold', text: 'quatro cinco seis sete' },
]

const Made = z.object({ id: z.uuid() })
const Event = z.object({
  seq: z.int(),
  chat_id: z.uuid(),
  timestamp: z.iso.datetime(),
  type: z.string(),
  data: z.unknown(),
})
const Notice = Event.omit({ seq: true }).strict()
const History = z.object({ seq: z.int(), total: z.int(), messages: z.array(ChatMessage) })

let model: ScriptedModel
let server: TestServer
let ana: Client
let chat: string

beforeAll(async () => {
  model = await startScriptedModel((_, index) => SCRIPT[index] ?? { kind: 'error', status: 500 })
  const providers = [{ id: 'scripted', base_url: model.baseUrl }]
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1', LLM_PROVIDERS: JSON.stringify(providers) } })
  ana = await createClient(server.url)
  const tools = [{ type: 'current_time', needs_approval: true }]
  const made = await ana.call('/agents', { name: 'Relógio', model: 'scripted/one', tools })
  chat = Made.parse((await ana.call('/chat', { agent_id: Made.parse(made.body).id })).body).id
})

afterAll(async () => {
  await server.remove()
  await model.stop()
})

interface Talk {
  readonly frames: readonly Frame[]
  send(frame: unknown): void
  /** The frame that comes for what is done, none from before. */
  next(type: string, holds?: (data: unknown) => boolean): Promise<Frame>
  close(): void
}

async function follow(query = ''): Promise<Talk> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/ws/chat/${chat}?token=${ana.token}${query}`)
  const frames: Frame[] = []
  let seen = 0
  socket.on('message', (text: Buffer) => frames.push(Frame.parse(JSON.parse(String(text)))))
  await new Promise((open) => socket.on('open', open))
  return {
    frames,
    send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    async next(type, holds = () => true) {
      const at = () => frames.findIndex((one, index) => index >= seen && one.type === type && holds(one.data))
      await expect.poll(at, END).toBeGreaterThanOrEqual(0)
      seen = at() + 1
      return Frame.parse(frames[seen - 1])
    },
    close: () => socket.close(),
  }
}

const isMessage = (role: string, status: string) => (data: unknown) => {
  const message = ChatMessage.parse(data)
  return message.role === role && message.status === status
}

test('a talk, frame by frame', async () => {
  const [mine, theirs] = [await follow(), await follow()]
  const history = Notice.parse(await mine.next('history'))
  expect(History.parse(history.data)).toEqual({ seq: 0, total: 0, messages: [] })
  expect(history.chat_id).toBe(chat)
  await theirs.next('history')

  mine.send({ type: 'ping' })
  expect(await mine.next('pong')).toEqual({ type: 'pong' })
  mine.send({ type: 'heartbeat' })
  expect(await mine.next('heartbeat_response')).toEqual({ type: 'heartbeat_response' })

  mine.send({ type: 'typing', data: { isTyping: true } })
  expect(Notice.parse(await theirs.next('typing')).data).toEqual({ user_id: expect.any(String), isTyping: true })

  mine.send({ type: 'chat_message', data: { message: 'Conte', metadata: { from: 'web' } } })
  const said = Event.parse(await theirs.next('chat_message', isMessage('user', 'complete')))
  expect(said).toMatchObject({ seq: 1, chat_id: chat, data: { content: 'Conte', metadata: { from: 'web' } } })
  const begun = Event.parse(await theirs.next('session_update'))
  expect(begun.data).toMatchObject({ status: 'streaming', message_id: expect.any(String) })
  const delta = Event.parse(await theirs.next('message_delta'))
  expect(delta.data).toMatchObject({ message_id: expect.any(String), delta: { type: expect.any(String) } })
  const answer = Event.parse(await theirs.next('chat_message', isMessage('assistant', 'complete')))
  expect(answer.data).toMatchObject({ content: ANSWER, role: 'assistant' })
  expect(textOf(theirs.frames)).toBe(ANSWER)
  await mine.next('chat_message', isMessage('assistant', 'complete'))

  mine.send({ type: 'chat_message', data: { message: 'Que horas são?' } })
  await mine.next('chat_message', isMessage('assistant', 'waiting'))
  mine.send({ type: 'approve', data: { call_id: 'nobody', approved: true } })
  expect(Notice.parse(await mine.next('error')).data).toMatchObject({ code: 'chat_call_unknown' })
  mine.send({ type: 'approve', data: { call_id: CALL.id, approved: true } })
  await mine.next('chat_message', isMessage('assistant', 'complete'))

  mine.send({ type: 'chat_message', data: { message: 'E agora?' } })
  await mine.next('message_delta', (data) => JSON.stringify(data).includes('quatro'))
  mine.send({ type: 'stop' })
  const stopped = await mine.next('chat_message', isMessage('assistant', 'stopped'))
  expect(ChatMessage.parse(stopped.data).content).toMatch(/^quatro/)

  const known = mine.frames.flatMap(({ seq }) => seq ?? [])
  expect(known).toEqual(known.map((_, index) => index + 1))
  const late = await follow(`&after=${known[2]}`)
  await expect.poll(() => late.frames.flatMap(({ seq }) => seq ?? []).at(-1), END).toBe(known.at(-1))
  const wanted = mine.frames.filter(({ seq }) => seq !== undefined && seq > (known[2] ?? 0))
  expect(late.frames.filter(({ seq }) => seq !== undefined)).toEqual(wanted)
  for (const one of [mine, theirs, late]) one.close()
})

test('what is no frame gets an error each, and the socket stays open', async () => {
  const socket = await follow()
  await socket.next('history')
  const bad = [
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"type":"history"}',
    '{"type":"chat_message"}',
    { type: 'typing', data: {} },
  ]
  for (const frame of bad) {
    socket.send(frame)
    const { data } = Notice.parse(await socket.next('error'))
    expect(data, JSON.stringify(frame)).toEqual({ code: 'chat_bad_frame', message: expect.stringMatching(/\w/) })
  }
  socket.send({ type: 'chat_message', data: { message: ' ' } })
  expect(Notice.parse(await socket.next('error')).data).toMatchObject({ code: 'chat_message_empty' })
  socket.send({ type: 'ping' })
  await socket.next('pong')
  socket.close()
})
