import { env } from 'cloudflare:workers'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import type { ChatMessage } from '#core/chat/message'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { type Caller, createPerson, createTeam } from '#tests/worker/security/people'
import { HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { scriptModel } from '#tests/worker/support/models'
import {
  actorOf,
  crash,
  createAgentChat,
  createChat,
  createTalker,
  type Frame,
  isAnswer,
  range,
  seqs,
  textBy,
} from './support.ts'

const db = connect(env)
const DONE = { kind: 'text', text: range(1, 60).join(' ') } as const
const asksTime = (id: string) => ({ kind: 'tools' as const, calls: [{ id, name: 'current_time', input: {} }] })

const SPENT = {
  model: 'scripted/priced',
  usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  cost: 1,
  source: 'chat',
  user_id: null,
}

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

const deltaOf = ({ data }: Frame) => (data as { delta?: { type: string; call_id?: string } }).delta

function callsBy(frames: readonly Frame[], type: string): (string | undefined)[] {
  return frames
    .map(deltaOf)
    .filter((delta) => delta?.type === type)
    .map((delta) => delta?.call_id)
}

function ledgerOf(chatId: string) {
  const { usageLedger } = db.tables
  return db.select().from(usageLedger).where(eq(usageLedger.chat_id, chatId))
}

it.each([1, 2, 3, 5])(
  'an answer with tools, the actor thrown away after every %i frames: nothing is lost, repeated or reordered (P9)',
  { timeout: 60_000 },
  async (k) => {
    const { reference: model } = await scriptModel(asksTime('call_0'), asksTime('call_1'), DONE)
    const chat = await createAgentChat(ana, { model, tools: [{ type: 'current_time' }] })
    await chat.say('Que horas são?')
    const seen: Frame[] = []
    while (!seen.some(isAnswer)) {
      const after = seqs(seen).at(-1) ?? 0
      const socket = await chat.follow(`&after=${after}`)
      await socket.until((frame) => (frame.seq ?? 0) >= after + k || isAnswer(frame))
      seen.push(...socket.frames.filter(({ seq }) => seq !== undefined).slice(0, k))
      await crash(chat)
      await runDurableObjectAlarm(actorOf(chat.id))
    }
    expect(seqs(seen)).toEqual(range(1, seen.length))
    const again = await chat.follow('&after=0')
    await again.until(isAnswer)
    expect(again.frames.filter(({ seq }) => seq !== undefined).slice(0, seen.length)).toEqual(seen)
    const answer = seen.find(isAnswer)?.['data'] as ChatMessage
    expect(['complete', 'interrupted']).toContain(answer.status)
    expect(answer.content).toBe(textBy(seen))
    const tools = answer.parts.flatMap((part) => (part.type === 'tool' ? [part] : []))
    expect(tools.map(({ call_id: id }) => id)).toEqual(callsBy(seen, 'tool_called'))
    const completed = tools.filter(({ state }) => state === 'completed')
    expect(completed.map(({ call_id: id }) => id)).toEqual(callsBy(seen, 'tool_completed'))
    // Each answer of the model is paid for once.
    const steps = seen.filter((frame) => deltaOf(frame)?.type === 'step_finished')
    await expect.poll(async () => (await ledgerOf(chat.id)).length).toBe(steps.length)
  },
)

it('a chat that is deleted in the middle of a turn is paid for', async () => {
  const key = newId()
  const call = { id: 'call_0', name: 'fetch', input: {} }
  const script = await scriptModel({ kind: 'tools', calls: [call] }, DONE)
  const tool = { type: 'http_request', name: 'fetch', config: { url: `${HTTP_URL}/hold/${key}`, methods: ['POST'] } }
  const chat = await createAgentChat(ana, { model: script.reference, tools: [tool] })
  await chat.say('Busque')
  await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  // As if PostgreSQL had not heard of it yet.
  const owed = { ...SPENT, key: `${newId()}/2`, at: Date.now(), chat_id: chat.id }
  await runInDurableObject(actorOf(chat.id), (_instance, { storage }) => {
    storage.sql.exec('INSERT INTO spent_usage (body) VALUES (?)', JSON.stringify(owed))
  })
  expect((await ana.call(`/api/v1/chat/${chat.id}`, { method: 'DELETE' })).status).toBe(204)
  await expect.poll(async () => (await ledgerOf(chat.id)).length).toBe(2)
  const tablesOf = () =>
    runInDurableObject(actorOf(chat.id), (_instance, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'messages'").toArray(),
    )
  await expect.poll(tablesOf).toEqual([])
  await fetch(`${HTTP_URL}/control/release/${key}`)
})

it('a stream of events goes on until its holder has left', async () => {
  const bia = await createPerson()
  const chat = await createChat(bia)
  const stream = bia.call(`/api/v1/chat/${chat.id}/stream`)
  const heard = stream.then(() => true)
  await expect
    .poll(() => runInDurableObject(actorOf(chat.id), (_instance, state) => state.getWebSockets().length))
    .toBe(1)
  await chat.ask('Oi')
  expect(await Promise.race([heard, scheduler.wait(100)])).not.toBe(true)
  expect((await bia.call('/api/v1/auth/logout', { method: 'POST', body: {} })).status).toBe(200)
  const { text } = await stream
  expect(text).toMatch(/^retry: \d+\n\nid: 0\nevent: history\n/)
  expect(text).toContain('event: message_delta')
})

it.each([
  ['logs out', 'POST', '/api/v1/auth/logout'],
  ['is out of the workspace', 'DELETE', ''],
] as const)("useChat's stream ends when its holder %s, in the middle of an answer", async (_, method, logout) => {
  const { members, workspaceId } = await createTeam()
  const { editor, owner } = members
  const script = await scriptModel({ kind: 'hold', text: range(1, 60).join(' ') })
  const chat = await createAgentChat(editor, { model: script.reference })
  const messages = [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Oi' }] }]
  const stream = editor.call(`/api/v1/chat/${chat.id}/ui-stream`, { method: 'POST', body: { messages } })
  await expect.poll(async () => (await script.requests()).length).toBe(1)
  const path = logout === '' ? `/api/v1/workspaces/${workspaceId}/members/${editor.userId}` : logout
  const by = logout === '' ? owner : editor
  expect((await by.call(path, { method, ...(logout === '' ? {} : { body: {} }) })).status).toBeLessThan(300)
  const { text } = await stream
  expect(text).toContain('"type":"start"')
  expect(text).not.toContain('[DONE]')
  expect(text).not.toContain(' 60')
  await script.release()
})
