/** Chats against the real server: SIGKILL in the middle of an answer, and while one waits for a person (P9, P11). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { signal } from '#local/processes'
import { Frame, followThrough, messagesOf, textOf } from '#tests/e2e/support/chats'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'

const END = { timeout: 40_000, interval: 100 }
const WORDS = 'um dois três quatro cinco seis sete oito'
const CALL = { id: 'call_0', name: 'current_time', input: {} }

const Made = z.object({ id: z.uuid() })

/** By the model's name: each test has one of its own. */
const replies = new Map<string, readonly ScriptedReply[]>()
const asked = new Map<string, number>()

let model: ScriptedModel
let server: TestServer
let ana: Client

beforeAll(async () => {
  model = await startScriptedModel(({ model: name }) => {
    const count = asked.get(name) ?? 0
    asked.set(name, count + 1)
    const script = replies.get(name) ?? []
    return script[count] ?? script.at(-1) ?? { kind: 'error', status: 500 }
  })
  const providers = [{ id: 'scripted', base_url: model.baseUrl }]
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1', LLM_PROVIDERS: JSON.stringify(providers) } })
  ana = await createClient(server.url)
})

afterAll(async () => {
  await server.remove()
  await model.stop()
})

async function chatWith(name: string, script: readonly ScriptedReply[], agent: object = {}): Promise<string> {
  replies.set(name, script)
  const made = await ana.call('/agents', { name, model: `scripted/${name}`, ...agent })
  const { id: agent_id } = Made.parse(made.body)
  return Made.parse((await ana.call('/chat', { agent_id })).body).id
}

/** Also while the server is away. */
const lastOf = (chat: string) => expect.poll(async () => (await messagesOf(ana, chat).catch(() => [])).at(-1), END)

describe('SIGKILL', { timeout: 120_000 }, () => {
  test('in the middle of an answer keeps what had come, says so, and answers what was said meanwhile', async () => {
    const chat = await chatWith('middle', [
      { kind: 'hold', text: WORDS },
      { kind: 'text', text: 'pronto' },
    ])
    const followed = followThrough(server.url, ana, chat)
    await ana.call(`/chat/${chat}/messages`, { content: 'Conte' })
    await lastOf(chat).toMatchObject({ status: 'streaming', content: expect.stringMatching(/^um/) })
    await ana.call(`/chat/${chat}/messages`, { content: 'E depois?' })
    await server.kill()
    await server.restart()
    await lastOf(chat).toMatchObject({ role: 'assistant', status: 'complete', content: 'pronto' })
    const all = await messagesOf(ana, chat)
    const half = all.find(({ status }) => status === 'interrupted')
    expect(half).toMatchObject({ role: 'assistant', error: { code: 'turn_interrupted' } })
    expect(WORDS.startsWith(half?.content ?? 'x')).toBe(true)
    const frames = await followed
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1))
    expect(textOf(frames).replace(/\s+/g, ' ')).toBe(`${half?.content} pronto`)
    expect(model.requests.filter(({ model: name }) => name === 'middle')).toHaveLength(2)
  })

  test('while an answer waits for a person: it waits on, and goes on when it is approved', async () => {
    const script: ScriptedReply[] = [
      { kind: 'tools', calls: [CALL] },
      { kind: 'text', text: 'pronto' },
    ]
    const chat = await chatWith('waiting', script, { tools: [{ type: 'current_time', needs_approval: true }] })
    const waiting = await ana.call(`/chat/${chat}/messages?wait=30`, { content: 'Que horas são?' })
    expect(waiting.body).toMatchObject({ status: 'waiting' })
    await server.kill()
    await server.restart()
    await lastOf(chat).toMatchObject({ status: 'waiting' })
    expect(model.requests.filter(({ model: name }) => name === 'waiting')).toHaveLength(1)
    expect(await ana.call(`/chat/${chat}/calls/call_0`, { approved: true })).toMatchObject({ status: 200 })
    await lastOf(chat).toMatchObject({ status: 'complete', content: 'pronto' })
  })
})

test(
  'while PostgreSQL is frozen a chat takes what is said, and answers when it is back (P10)',
  { timeout: 90_000 },
  async () => {
    const chat = await chatWith('frozen', [{ kind: 'text', text: 'pronto' }])
    const url = `${server.url.replace('http', 'ws')}/api/v1/ws/chat/${chat}?token=${ana.token}`
    const socket = new WebSocket(url)
    const frames: Frame[] = []
    socket.on('message', (text: Buffer) => frames.push(Frame.parse(JSON.parse(String(text)))))
    await expect.poll(() => frames.length, END).toBe(1)
    const { all, node, workerd } = server.pids()
    const stopped = all.filter((pid) => pid !== node && pid !== workerd)
    for (const pid of stopped) signal(pid, 'SIGSTOP')
    try {
      socket.send(JSON.stringify({ type: 'chat_message', data: { message: 'Oi' } }))
      await expect.poll(() => frames.some(({ type }) => type === 'chat_message'), END).toBe(true)
      await expect.poll(async () => (await ana.call('/chat')).status, END).toBe(503)
    } finally {
      for (const pid of stopped) signal(pid, 'SIGCONT')
    }
    await lastOf(chat).toMatchObject({ role: 'assistant', status: 'complete', content: 'pronto' })
    await expect
      .poll(async () => (await ana.call('/chat?search=pronto')).body, END)
      .toMatchObject({
        items: expect.arrayContaining([expect.objectContaining({ id: chat, message_count: 2, title: 'Oi' })]),
      })
    socket.close()
  },
)
