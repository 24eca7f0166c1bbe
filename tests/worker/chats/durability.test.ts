import { env } from 'cloudflare:workers'
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { chatSession } from '#actors'
import { readConfig } from '#config'
import type { ChatMessage } from '#core/chat/message'
import { connect } from '#db/connect'
import { createMessages, MESSAGES_SCHEMA } from '#durable-objects/chat-session/messages'
import { newId } from '#lib/ids'
import { sweepChats, wakeChats } from '#services/maintenance/sweep-chats'
import { type Caller, createPerson, createTeam } from '#tests/worker/security/people'
import { PASSWORD } from '#tests/worker/support/accounts'
import { actorOf, chatOf, createChat, createTalker, type Frame, isAnswer, range, seqs } from './support.ts'

const db = connect(env)
const sweep = () => sweepChats({ env, config: readConfig(env), db: connect(env), now: Date.now })

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

/** How many tables the chat's actor has. */
function tablesOf(chatId: string): Promise<number> {
  return runInDurableObject(actorOf(chatId), (_instance, state) => {
    const [row] = state.storage.sql
      .exec("SELECT count(*) AS count FROM sqlite_master WHERE name = 'messages'")
      .toArray()
    return Number(row?.['count'])
  })
}

describe('a socket', () => {
  it('outlives evictions between any two answers, without a gap or a repetition', async () => {
    const chat = await createChat(ana)
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    for (const n of range(1, 5)) {
      socket.send({ type: 'chat_message', data: { message: `Mensagem ${n}` } })
      await expect.poll(() => socket.frames.filter(isAnswer).length).toBe(n)
      await expect.poll(async () => (await chat.chat()).message_count).toBe(2 * n)
      await evictDurableObject(actorOf(chat.id))
    }
    const got = seqs(socket.frames)
    expect(got).toEqual(range(1, got.length))
  })

  it('ends with the session of its holder', async () => {
    const bia = await createPerson()
    const chat = await createChat(bia)
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    expect((await bia.call('/api/v1/auth/logout', { method: 'POST', body: {} })).status).toBe(200)
    expect(await socket.closed).toMatchObject({ code: 4001 })
  })

  it('opens with a ticket, once, and with none for what its holder may not see', async () => {
    const chat = await createChat(ana)
    const issue = (caller: Caller) =>
      caller.call('/api/v1/ws/tickets', { method: 'POST', body: { resource: 'chat', id: chat.id } })
    const { ticket } = JSON.parse((await issue(ana)).text) as { ticket: string }
    const open = () => chatOf({ ...ana, token: '' }, chat.id).follow(`&ticket=${ticket}`)
    await (await open()).until(({ type }) => type === 'history')
    expect(await (await open()).closed).toMatchObject({ code: 4001 })
    expect((await issue(await createPerson())).status).toBe(404)
  })

  it('that was away for longer than the log reaches begins with the messages as they stand', async () => {
    const chat = await createChat(ana)
    await chat.ask('um')
    await chat.ask('dois')
    await runInDurableObject(actorOf(chat.id), (_instance, state) => {
      state.storage.sql.exec('DELETE FROM events WHERE place < (SELECT max(place) FROM events)')
    })
    const socket = await chat.follow('&after=1')
    const history = await socket.until(({ type }) => type === 'history')
    const { seq, messages } = history['data'] as { seq: number; messages: ChatMessage[] }
    expect(messages).toEqual(await chat.messages())
    await chat.ask('três')
    await socket.until(isAnswer)
    expect(seqs(socket.frames)).toEqual(range(seq + 1, seqs(socket.frames).at(-1) ?? 0))
  })
})

describe('a stream of events', () => {
  it('of a client that was away for too long begins with the history, and goes on behind it', async () => {
    const chat = await createChat(ana)
    await chat.ask('um')
    await runInDurableObject(actorOf(chat.id), (_instance, state) => {
      state.storage.sql.exec('DELETE FROM events WHERE place < (SELECT max(place) FROM events)')
    })
    const stream = ana.call(`/api/v1/chat/${chat.id}/stream?limit=2`, { headers: { 'Last-Event-ID': '1' } })
    // It may open late: said until it has heard.
    const heard = stream.then(() => true)
    do await chat.ask('dois')
    while ((await Promise.race([heard, scheduler.wait(20)])) !== true)
    const { text } = await stream
    const frames = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data = '']) => JSON.parse(data) as Frame)
    const [{ data: history }, ...rest] = frames as [Frame, ...Frame[]]
    const { seq, messages } = history as { seq: number; messages: ChatMessage[] }
    expect(messages.slice(0, 2).map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(seqs(rest)).toEqual([seq + 1, seq + 2])
  })
})

it('a repeat of what was answered long ago streams the history, and ends', async () => {
  const chat = await createChat(ana)
  const send = () =>
    ana.call(`/api/v1/chat/${chat.id}/messages`, {
      method: 'POST',
      body: { content: 'Oi' },
      headers: { Accept: 'text/event-stream', 'Idempotency-Key': `k${chat.id}` },
    })
  expect((await send()).text).toContain('event: message_delta')
  await chat.ask('E agora?')
  expect((await send()).text).toContain('event: message_delta')
  await runInDurableObject(actorOf(chat.id), (_instance, state) => {
    state.storage.sql.exec('DELETE FROM events WHERE place < (SELECT max(place) FROM events)')
  })
  const late = await send()
  expect(late.text).toMatch(/^retry: \d+\n\nid: \d+\nevent: history\n/)
})

it('an answer that lost its alarm is found by the sweep (P5)', async () => {
  const chat = await createChat(ana)
  await chat.ask('Oi')
  await expect.poll(async () => (await chat.chat()).last_message?.status).toBe('complete')
  await runInDurableObject(actorOf(chat.id), (_instance, state) => {
    const id = newId()
    const turn = { id, state: 'queued', userMessageId: newId(), messageId: newId(), userId: ana.userId, recoveries: 0 }
    state.storage.sql.exec('INSERT INTO turns (id, body) VALUES (?, ?)', id, JSON.stringify(turn))
  })
  await evictDurableObject(actorOf(chat.id))
  const { chats } = db.tables
  const last_message = { id: newId(), role: 'user', status: 'queued', content: '', created_at: '' } as const
  await db
    .update(chats)
    .set({ last_message, updated_at: new Date(0) })
    .where(eqId(chat.id))
  await wakeChats({ env, config: readConfig(env), db: connect(env), now: Date.now })
  await expect.poll(async () => (await chat.messages()).length).toBe(3)
})

describe('old messages', () => {
  it('are read from PostgreSQL when the actor no longer keeps them', async () => {
    const chat = await createChat(ana)
    for (const text of ['um', 'dois', 'três']) await chat.ask(text)
    const all = await chat.messages()
    const isProjected = { message_count: 6, last_message: { status: 'complete' } }
    await expect.poll(() => chat.chat()).toMatchObject(isProjected)
    await runInDurableObject(actorOf(chat.id), (_instance, state) => {
      state.storage.sql.exec('DELETE FROM messages WHERE ordinal <= 3')
      state.storage.sql.exec('UPDATE dropped SET count = 3')
    })
    expect(await chat.messages()).toEqual(all)
    expect(await chat.messages('?size=2&page=3')).toEqual(all.slice(0, 2))
    const answer = await ana.call(`/api/v1/chat/${chat.id}/messages/${all[0]?.id}`)
    expect(JSON.parse(answer.text)).toMatchObject(all[0] ?? {})
  })

  it('leave the actor once they are projected, the latest 500 stay', async () => {
    const chat = await createChat(ana)
    const reply = await chat.ask('um')
    await runInDurableObject(env.CHAT_SESSION.getByName(newId()), (_instance, state) => {
      state.storage.sql.exec(MESSAGES_SCHEMA)
      const messages = createMessages(state.storage.sql)
      for (const n of range(1, 620)) messages.put({ ...reply, id: newId(), content: String(n) })
      const project = (): void => messages.markProjected(messages.unprojected())
      project()
      // What PostgreSQL does not have yet stays.
      expect(messages.latest(0, 520)).toHaveLength(520)
      for (let left = 6; left > 0; left -= 1) project()
      expect(messages.count()).toBe(620)
      expect(messages.latest(0, 1_000)).toBeUndefined()
      expect(messages.latest(0, 500)?.map(({ content }) => Number(content))).toEqual(range(121, 620))
    })
  })
})

describe('what is deleted reaches the actor', () => {
  it('with the chat, also when nobody told it', async () => {
    const chat = await createChat(ana)
    await chat.ask('Oi')
    expect(await tablesOf(chat.id)).toBe(1)
    const { chatDeletions, chats } = db.tables
    await db.batch([db.insert(chatDeletions).values({ chat_id: chat.id }), db.delete(chats).where(eqId(chat.id))])
    while (await sweep());
    expect(await tablesOf(chat.id)).toBe(0)
  })

  it('with its workspace', async () => {
    const team = await createTeam()
    const chat = await createChat(team.members.editor)
    await chat.ask('Oi')
    const gone = await team.members.owner.call(`/api/v1/workspaces/${team.workspaceId}`, { method: 'DELETE' })
    expect(gone.status).toBe(204)
    while (await sweep());
    expect(await tablesOf(chat.id)).toBe(0)
  })

  it('with the account: what was private anywhere, while what was shared stays', async () => {
    const team = await createTeam()
    const { editor, viewer } = team.members
    const [own, shared] = [await createChat(editor), await createChat(editor, { visibility: 'workspace' })]
    for (const chat of [own, shared]) await chat.ask('Oi')
    const gone = await editor.call('/api/v1/auth/account', { method: 'DELETE', body: { password: PASSWORD } })
    expect(gone.status).toBe(204)
    while (await sweep());
    expect(await tablesOf(own.id)).toBe(0)
    expect(await chatOf(viewer, shared.id).messages()).toHaveLength(2)
  })

  it('and a projection that comes late finds nothing to write, and empties the actor', async () => {
    const chat = await createChat(ana)
    await chat.ask('Oi')
    await db.delete(db.tables.chats).where(eqId(chat.id))
    await chatSession(env, chat.id).say(headerOf(chat.id), orderOf())
    await runDurableObjectAlarm(actorOf(chat.id))
    await expect.poll(() => tablesOf(chat.id)).toBe(0)
  })
})

function headerOf(chatId: string) {
  return { chatId, workspaceId: ana.workspaceId, createdBy: ana.userId }
}

function orderOf() {
  return { id: newId(), userId: ana.userId, text: 'Oi', files: [], metadata: null, interrupt: false }
}

function eqId(id: string) {
  return eq(db.tables.chats.id, id)
}
