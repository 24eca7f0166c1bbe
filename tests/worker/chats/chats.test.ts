import { beforeAll, describe, expect, it } from 'vitest'
import { type Caller, createPerson, createTeam, type Team } from '#tests/worker/security/people'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { chatOf, createChat, createTalker } from './support.ts'

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

describe('a chat', () => {
  it('answers, and keeps what was said in reading order', async () => {
    const chat = await createChat(ana)
    const reply = await chat.ask('Bom dia, tudo bem?')
    expect(reply).toMatchObject({ role: 'assistant', status: 'complete', model: 'demo/echo', end_reason: 'stop' })
    expect(reply.content).toContain('Bom dia, tudo bem?')
    expect(reply.parts.map(({ type }) => type)).toEqual(['text', 'step'])
    const said = await chat.say('E agora?')
    expect(said).toMatchObject({ role: 'user', content: 'E agora?', user_id: ana.userId })
    await expect
      .poll(async () => (await chat.messages()).map(({ role, status }) => `${role} ${status}`))
      .toEqual(['user complete', 'assistant complete', 'user complete', 'assistant complete'])
  })

  it('is found in the list with its last message, named after what was said first', async () => {
    const chat = await createChat(ana)
    const reply = await chat.ask('Quanto custa um abacaxi em Belém?')
    await expect.poll(async () => (await chat.chat()).message_count).toBe(2)
    const word = `palavra${newId()}`
    await chat.ask(word)
    const list = async (query: string) => JSON.parse((await ana.call(`/api/v1/conversations?${query}`)).text)
    // The list may lag the actor by moments.
    await expect
      .poll(async () => (await list(`search=${word}`)).items[0])
      .toMatchObject({ message_count: 4, last_message: { status: 'complete' } })
    const { items } = await list(`search=${word}`)
    expect(items[0]).toMatchObject({
      id: chat.id,
      title: 'Quanto custa um abacaxi em Belém?',
      message_count: 4,
      last_message: { role: 'assistant', status: 'complete' },
    })
    expect(items[0].last_message.content).not.toBe(reply.content)
  })

  it('pages backwards, each page in reading order', async () => {
    const chat = await createChat(ana)
    for (const text of ['um', 'dois', 'três']) await chat.ask(text)
    const all = await chat.messages()
    const [last, first] = [await chat.messages('?size=4'), await chat.messages('?size=4&page=2')]
    expect([...first, ...last]).toEqual(all)
    expect(last).toHaveLength(4)
  })

  it('queues what is said meanwhile, and answers in order', async () => {
    const chat = await createChat(ana)
    const said = await Promise.all(['um', 'dois', 'três'].map((text) => chat.say(text)))
    await expect.poll(async () => (await chat.messages()).filter(({ role }) => role === 'assistant').length).toBe(3)
    const answers = (await chat.messages()).filter(({ role }) => role === 'assistant')
    await expect.poll(async () => (await chat.messages()).every(({ status }) => status === 'complete')).toBe(true)
    const asked = answers.map(({ turn_id }) => said.find((one) => one.turn_id === turn_id)?.content)
    expect(asked).toEqual(said.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1)).map(({ content }) => content))
  })

  it('says the same thing once for one Idempotency-Key', async () => {
    const chat = await createChat(ana)
    const key = newId()
    const send = () =>
      ana.call(`/api/v1/chat/${chat.id}/messages`, {
        method: 'POST',
        body: { content: 'Oi' },
        headers: { 'Idempotency-Key': key },
      })
    const [one, other] = await Promise.all([send(), send()])
    expect([one.status, other.status]).toEqual([201, 201])
    expect(JSON.parse(other.text).id).toBe(JSON.parse(one.text).id)
    await expect.poll(async () => (await chat.messages()).length).toBe(2)
  })

  it('takes a title in the body or the address, goes to the archive and back', async () => {
    const chat = await createChat(ana, { title: 'Frutas' })
    const put = (query: string, body?: object) =>
      ana.call(`/api/v1/conversations/${chat.id}/title${query}`, { method: 'PUT', ...(body && { body: { ...body } }) })
    expect((await put('?title=Verduras')).status).toBe(200)
    expect((await chat.chat()).title).toBe('Verduras')
    expect((await put('', { title: 'Legumes' })).status).toBe(200)
    expect((await chat.chat()).title).toBe('Legumes')
    const listed = async () =>
      JSON.parse((await ana.call('/api/v1/chat?size=100')).text).items.some(({ id }: { id: string }) => id === chat.id)
    expect(await listed()).toBe(true)
    expect((await chat.post('/archive')).status).toBe(200)
    expect(await listed()).toBe(false)
    await chat.post('/unarchive')
    expect(await listed()).toBe(true)
  })

  it('has a message said otherwise, and an answer given again, with all behind it superseded', async () => {
    const chat = await createChat(ana)
    const first = await chat.ask('Bananas')
    await chat.ask('Mangas')
    const [said] = await chat.messages()
    const edited = await ana.call(`/api/v1/chat/${chat.id}/messages/${said?.id}?wait=20`, {
      method: 'PUT',
      body: { content: 'Cajus' },
    })
    expect(JSON.parse(edited.text)).toMatchObject({ role: 'assistant', content: expect.stringContaining('Cajus') })
    const after = await chat.messages()
    expect(after.map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(after[0]?.content).toBe('Cajus')
    const again = await chat.post(`/messages/${after[1]?.id}/regenerate?wait=20`)
    expect(again).toMatchObject({ status: 200, body: { role: 'assistant', status: 'complete' } })
    const standing = await chat.messages()
    expect(standing).toHaveLength(2)
    expect(standing[0]?.id).toBe(after[0]?.id)
    expect(standing[1]?.id).not.toBe(after[1]?.id)
    expect((await chat.post(`/messages/${first.id}/regenerate`)).status).toBe(404)
    await expect.poll(async () => (await chat.chat()).message_count).toBe(2)
  })

  it('takes feedback on a message, and takes it back', async () => {
    const chat = await createChat(ana)
    const { id } = await chat.ask('Oi')
    const rate = (body: object) =>
      ana.call(`/api/v1/chat/${chat.id}/messages/${id}/feedback`, { method: 'PUT', body: { ...body } })
    expect((await rate({ rating: 'down', comment: 'Errado' })).status).toBe(200)
    expect((await rate({ rating: null })).status).toBe(200)
    expect((await rate({ rating: 'meh' })).status).toBe(422)
  })

  it.each<JsonObject>([{}, { content: '   ' }, { message: '' }])('refuses an empty message %o', async (body) => {
    const chat = await createChat(ana)
    expect((await chat.post('/messages', body)).status).toBe(422)
  })

  it('streams an answer as server-sent events, and ends with it', async () => {
    const chat = await createChat(ana)
    const answer = await ana.call(`/api/v1/chat/${chat.id}/messages`, {
      method: 'POST',
      body: { message: 'Olá, mundo' },
      headers: { Accept: 'text/event-stream' },
    })
    const frames = Array.from(answer.text.matchAll(/^data: (.*)$/gm), ([, data = '']) => JSON.parse(data))
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1))
    expect(frames[0]).toMatchObject({ type: 'chat_message', data: { role: 'user' } })
    expect(frames.at(-1)).toMatchObject({ type: 'chat_message', data: { role: 'assistant', status: 'complete' } })
    expect(frames.at(-1).data.content).toContain('Olá, mundo')
  })

  it('is deleted with all that was said', async () => {
    const chat = await createChat(ana)
    const socket = await chat.follow()
    await chat.ask('Oi')
    expect((await ana.call(`/api/v1/chat/${chat.id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await socket.closed).toMatchObject({ code: 4004 })
    expect((await chat.post('/messages', { content: 'Oi' })).status).toBe(404)
    expect((await ana.call(`/api/v1/chat/${chat.id}`)).status).toBe(404)
  })
})

describe('who may', () => {
  let team: Team

  beforeAll(async () => {
    team = await createTeam()
  })

  it('see a private chat: its creator alone', async () => {
    const { editor, owner } = team.members
    const chat = await createChat(editor)
    await chat.ask('Segredo')
    for (const other of [owner, team.stranger, await createPerson()]) {
      expect((await chatOf(other, chat.id).post('/messages', { content: 'Oi' })).status).toBe(404)
      expect((await other.call(`/api/v1/chat/${chat.id}/messages`)).status).toBe(404)
      expect(await (await chatOf(other, chat.id).follow()).closed).toMatchObject({ code: 4004 })
    }
  })

  it('speak in a shared one: those who may write; a viewer follows and is not heard', async () => {
    const { editor, admin, viewer } = team.members
    const chat = await createChat(editor, { visibility: 'workspace' })
    const shared = chatOf(admin, chat.id)
    expect((await shared.ask('Oi')).status).toBe('complete')
    const reader = await chatOf(viewer, chat.id).follow()
    await reader.until(({ type }) => type === 'history')
    reader.send({ type: 'chat_message', data: { message: 'Oi' } })
    expect(await reader.until(({ type }) => type === 'error')).toMatchObject({ data: { code: 'forbidden' } })
    expect((await chatOf(viewer, chat.id).post('/messages', { content: 'Oi' })).status).toBe(403)
    expect((await chatOf(viewer, chat.id).messages()).length).toBe(2)
    const change = (caller: Caller, visibility: string) =>
      caller.call(`/api/v1/chat/${chat.id}`, { method: 'PATCH', body: { visibility } })
    expect((await change(admin, 'private')).status).toBe(403)
    expect((await change(editor, 'private')).status).toBe(200)
    expect(await reader.closed).toMatchObject({ code: 4003 })
    expect((await shared.post('/messages', { content: 'Oi' })).status).toBe(404)
  })
})
