import { env } from 'cloudflare:workers'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { Caller } from '#tests/worker/security/people'
import { scriptModel, type TestModel } from '#tests/worker/support/models'
import { actorOf, type ChatClient, crash, createAgentChat, createChat, createTalker, type Frame } from './support.ts'

const db = connect(env)
const ANSWER = { kind: 'text', text: 'Alfama e Belém.' } as const
const TITLE = 'Férias em Lisboa'
const ASKED = 'O que há para ver em Lisboa?'

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

afterEach(() => set(undefined))

/** The setting, for this test: the actors parse theirs once, and keep them. */
async function set(model: string | undefined): Promise<void> {
  await runInDurableObject(actorOf(newId()), (instance) => {
    const { env: settings } = instance as unknown as { readonly env: object }
    readConfig(settings).TITLE_MODEL = model
  })
}

type Replies = Parameters<typeof scriptModel>

async function titles(...replies: Replies): Promise<TestModel> {
  const model = await scriptModel(...replies)
  await set(model.reference)
  return model
}

async function answered(...more: Replies[0][]): Promise<ChatClient> {
  const { reference: model } = await scriptModel(ANSWER, ...more)
  return createAgentChat(ana, { model })
}

function stateOf(chat: ChatClient): Promise<string | undefined> {
  return runInDurableObject(actorOf(chat.id), (_instance, { storage }) => {
    const [row] = storage.sql.exec<{ body: string }>('SELECT body FROM naming').toArray()
    return row && (JSON.parse(row.body) as { state: string }).state
  })
}

const isOver = (chat: ChatClient) => expect.poll(() => stateOf(chat)).toBe('over')
const titleOf = async (chat: ChatClient) => (await chat.chat()).title
const titlesIn = (frames: readonly Frame[]) =>
  frames
    .flatMap(({ type, data }) => (type === 'session_update' ? [(data as { title?: string }).title] : []))
    .filter(Boolean)

function ledgerOf({ id }: ChatClient) {
  const { usageLedger } = db.tables
  return db.select().from(usageLedger).where(eq(usageLedger.chat_id, id))
}

it('the first answer gets a title of the model; who follows is told, the list keeps its order, the ledger knows', async () => {
  const model = await titles({ kind: 'text', text: `"${TITLE}."\n` })
  const chat = await answered()
  const socket = await chat.follow()
  await chat.ask(ASKED)
  await expect.poll(() => titlesIn(socket.frames)).toEqual([ASKED, TITLE])
  const { title, updated_at, agent_id } = await chat.chat()
  const [, answer] = await chat.messages()
  expect({ title, updated_at }).toEqual({ title: TITLE, updated_at: answer?.updated_at })
  await expect.poll(async () => (await ledgerOf(chat)).map((row) => row.model).toSorted()).toHaveLength(2)
  const naming = (await ledgerOf(chat)).find((row) => row.model === model.reference)
  expect(naming).toMatchObject({ agent_id, user_id: ana.userId, source: 'chat', input_tokens: 7 })
  const [request] = await model.requests()
  expect(JSON.stringify(request?.body)).toContain(ASKED)
  expect(JSON.stringify(request?.body)).toContain('Alfama')
  await chat.ask('E em Sintra?')
  await isOver(chat)
  expect(await model.requests()).toHaveLength(1)
})

it('"agent": the model that answered is asked', async () => {
  await set('agent')
  const chat = await answered({ kind: 'text', text: TITLE })
  await chat.ask(ASKED)
  await expect.poll(() => titleOf(chat)).toBe(TITLE)
})

it('without the setting, and with the demo model, nobody is asked', async () => {
  const chat = await answered()
  await chat.ask(ASKED)
  await set('agent')
  const demo = await createChat(ana)
  await demo.ask(ASKED)
  for (const one of [chat, demo]) {
    await expect.poll(() => titleOf(one)).toBe(ASKED)
    expect(await stateOf(one)).toBeUndefined()
  }
})

it('a title that a person gave stays, before and while the model writes one', async () => {
  const model = await titles({ kind: 'hold', text: TITLE })
  const [before, meanwhile] = [await answered(), await answered()]
  const give = (chat: ChatClient) =>
    ana.call(`/api/v1/chat/${chat.id}/title`, { method: 'PUT', body: { title: 'Meu título' } })
  await give(before)
  for (const chat of [before, meanwhile]) await chat.ask(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(2)
  await give(meanwhile)
  await model.release()
  for (const chat of [before, meanwhile]) {
    await isOver(chat)
    expect(await titleOf(chat)).toBe('Meu título')
  }
})

it('the next turn waits for no title', async () => {
  const model = await titles({ kind: 'hold', text: TITLE })
  const chat = await answered()
  await chat.ask(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(1)
  expect((await chat.ask('E em Sintra?')).status).toBe('complete')
  expect(await titleOf(chat)).toBe(ASKED)
  await model.release()
  await expect.poll(() => titleOf(chat)).toBe(TITLE)
})

it('a crash while the model writes it: it is asked again', async () => {
  const model = await titles({ kind: 'hold', text: 'Perdido' }, { kind: 'text', text: TITLE })
  const chat = await answered()
  await chat.ask(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(1)
  await crash(chat)
  await runDurableObjectAlarm(actorOf(chat.id))
  await expect.poll(() => titleOf(chat)).toBe(TITLE)
})

it('a crash after each request: it is asked three times at most', async () => {
  const model = await titles({ kind: 'hold', text: TITLE })
  const chat = await answered()
  await chat.ask(ASKED)
  for (const times of [1, 2, 3]) {
    await expect.poll(async () => (await model.requests()).length).toBe(times)
    await crash(chat)
    await runDurableObjectAlarm(actorOf(chat.id))
  }
  await isOver(chat)
  expect(await model.requests()).toHaveLength(3)
  expect(await titleOf(chat)).toBe(ASKED)
})

it.each([
  { kind: 'text', text: '' },
  { kind: 'text', text: '"\n"' },
  { kind: 'text', text: 'Claro, aqui está um título para a sua conversa. '.repeat(5) },
] as const)('junk (%#) is paid for, and the first title stays', async (junk) => {
  const model = await titles(junk)
  const chat = await answered()
  await chat.ask(ASKED)
  await isOver(chat)
  expect(await titleOf(chat)).toBe(ASKED)
  expect(await model.requests()).toHaveLength(1)
  await expect.poll(async () => (await ledgerOf(chat)).length).toBe(2)
})

it('a model that fails is asked again later, and the chat goes on', async () => {
  const model = await titles({ kind: 'error', status: 500 }, { kind: 'text', text: TITLE })
  const chat = await answered()
  await chat.ask(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(1)
  expect((await chat.ask('E em Sintra?')).status).toBe('complete')
  expect(await stateOf(chat)).toBe('owed')
  await crash(chat)
  await runDurableObjectAlarm(actorOf(chat.id))
  await expect.poll(() => titleOf(chat)).toBe(TITLE)
})

it('an answer that is given again before it had its title is named', async () => {
  const model = await titles({ kind: 'hold', text: 'Perdido' }, { kind: 'text', text: TITLE })
  const chat = await answered()
  const said = await chat.say(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(1)
  await chat.post(`/messages/${said.id}/regenerate?wait=20`)
  await crash(chat)
  await runDurableObjectAlarm(actorOf(chat.id))
  await expect.poll(async () => (await chat.messages()).at(-1)?.status).toBe('complete')
  await chat.ask('E em Sintra?')
  await expect.poll(() => titleOf(chat)).toBe(TITLE)
})

it('a chat that is deleted while its title is written is gone', async () => {
  const model = await titles({ kind: 'hold', text: TITLE })
  const chat = await answered()
  await chat.ask(ASKED)
  await expect.poll(async () => (await model.requests()).length).toBe(1)
  expect((await ana.call(`/api/v1/chat/${chat.id}`, { method: 'DELETE' })).status).toBe(204)
  await model.clientGone()
  expect((await ana.call(`/api/v1/chat/${chat.id}`)).status).toBe(404)
})
