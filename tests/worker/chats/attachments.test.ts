import { beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#lib/ids'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { upload } from '#tests/worker/files/support'
import { scriptModel, type TestModel } from '#tests/worker/support/models'
import { createChat, createTalker, isAnswer } from './support.ts'

const PNG = Uint8Array.from(
  atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='),
  (char) => char.charCodeAt(0),
)
const PDF = '%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n'
const MIB = 1_048_576
const DONE = { kind: 'text', text: 'pronto' } as const

let ana: Caller
let eva: Caller

beforeAll(async () => {
  ana = await createTalker()
  eva = await createPerson()
})

async function chatWith(agent: object, caller = ana) {
  const made = await caller.call('/api/v1/agents', { method: 'POST', body: { name: newId(), ...agent } })
  return createChat(caller, { agent_id: (JSON.parse(made.text) as { id: string }).id })
}

/** What the model was given last. */
async function given(model: TestModel): Promise<string> {
  return JSON.stringify((await model.requests()).at(-1)?.body.messages)
}

describe('files with a message', () => {
  it('reach the model as what they are: a picture, a PDF and a text', async () => {
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    const image = await upload(ana, PNG, { name: 'foto.png' })
    const pdf = await upload(ana, PDF, { name: 'contrato.pdf' })
    const text = await upload(ana, 'o código é 4711', { name: 'nota.txt' })
    const answer = await chat.ask('O que há aqui?', { attachments: [image.id, { file_id: pdf.id }, text.id] })
    expect(answer.status).toBe('complete')
    const told = await given(model)
    expect(told).toContain('data:image/png;base64,iVBOR')
    expect(told).toContain(btoa('%PDF-1'))
    expect(told).toContain('o código é 4711')
    const [said] = await chat.messages()
    expect(said?.parts.filter(({ type }) => type === 'file')).toMatchObject([
      { file_id: image.id, filename: 'foto.png', content_type: 'image/png' },
      { file_id: pdf.id, content_type: 'application/pdf' },
      { file_id: text.id, size: 17 },
    ])
  })

  it('are told in words to a model that does not take them, and once they are deleted', async () => {
    const image = await upload(ana, PNG, { name: 'foto.png' })
    const blind = await createChat(ana)
    const answer = await blind.ask('', { attachments: [image.id] })
    expect(answer.content).toContain('foto.png')
    expect(answer.content).toContain('cannot read files of this type')
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    await chat.ask('Veja', { attachments: [image.id] })
    await ana.call(`/api/v1/files/${image.id}`, { method: 'DELETE' })
    expect(await chat.ask('E agora?')).toMatchObject({ status: 'complete' })
    const told = await given(model)
    expect(told).toContain('it was deleted since')
    expect(told).not.toContain('iVBOR')
  })

  it('are told in words where they are too large, alone or together: the latest are read first', async () => {
    const text = (name: string, bytes: number) => upload(ana, 'a'.repeat(bytes), { name })
    const sizes = { 'grande.txt': 8 * MIB + 1, 'um.txt': 7 * MIB, 'dois.txt': 7 * MIB, 'tres.txt': 7 * MIB }
    const files = await Promise.all(Object.entries(sizes).map(([name, bytes]) => text(name, bytes)))
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    await chat.ask('Leia', { attachments: files.map(({ id }) => id) })
    const told = (await given(model)).replaceAll('a'.repeat(MIB), '*')
    expect(told).toContain(`grande.txt\\", text/plain, ${8 * MIB + 1} bytes: too large to be read here`)
    expect(told).toContain(`um.txt\\", text/plain, ${7 * MIB} bytes: not read again, to make room for later files`)
    expect(told).toContain(String.raw`dois.txt\">\n*******\n`)
    expect(told).toContain(String.raw`tres.txt\">\n*******\n`)
  })

  it('of another workspace do not exist, over REST and on a socket', async () => {
    const hers = await upload(eva, 'segredo de Eva', { name: 'eva.txt' })
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    const mine = await upload(ana, 'nada', { name: 'ana.txt' })
    expect(await chat.post('/messages', { content: 'oi', attachments: [mine.id, hers.id] })).toMatchObject({
      status: 404,
    })
    const url = `/api/v1/files/${hers.id}/download`
    const ui = { messages: [{ id: 'x', role: 'user', parts: [{ type: 'file', mediaType: 'text/plain', url }] }] }
    expect(await chat.post('/ui-stream', ui)).toMatchObject({ status: 404 })
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    socket.send({ type: 'chat_message', data: { message: 'leia', attachments: [hers.id] } })
    expect(await socket.until(({ type }) => type === 'error')).toMatchObject({ data: { code: 'not_found' } })
    expect(await chat.messages()).toEqual([])
    expect(await model.requests()).toEqual([])
  })

  it('come on a socket, and what is said behind them stays behind them', async () => {
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    const text = await upload(ana, 'linha do arquivo', { name: 'a.txt' })
    const socket = await chat.follow()
    socket.send({ type: 'chat_message', data: { message: 'primeiro', attachments: [text.id] } })
    socket.send({ type: 'chat_message', data: { message: 'segundo' } })
    await socket.until(isAnswer)
    const [first, second] = (await chat.messages()).filter(({ role }) => role === 'user')
    expect([first?.content, second?.content]).toEqual(['primeiro', 'segundo'])
    expect(JSON.stringify(await model.requests())).toContain('linha do arquivo')
  })

  it('that useChat sends as data URLs are stored as files; other addresses are never read', async () => {
    const model = await scriptModel(DONE)
    const chat = await chatWith({ model: model.reference })
    const send = (url: string) =>
      ana.call(`/api/v1/chat/${chat.id}/ui-stream`, {
        method: 'POST',
        body: {
          messages: [
            { id: 'm', role: 'user', parts: [{ type: 'file', mediaType: 'image/png', filename: 'eu.png', url }] },
          ],
        },
      })
    const url = `data:image/png;base64,${btoa(String.fromCharCode(...PNG))}`
    expect((await send(url)).text).toContain('pronto')
    expect(await given(model)).toContain('data:image/png;base64,iVBOR')
    const listed = await ana.call('/api/v1/files?origin=chat')
    expect(JSON.parse(listed.text)).toMatchObject({ items: [{ filename: 'eu.png', content_type: 'image/png' }] })
    expect((await send('http://127.0.0.1:1/secret.png')).status).toBe(422)
    expect((await send('file:///etc/passwd')).status).toBe(422)
  })

  it('need a key that may read files', async () => {
    const file = await upload(ana, 'texto', { name: 'a.txt' })
    const chat = await createChat(ana)
    const key = await ana.call('/api/v1/api-keys', { method: 'POST', body: { name: 'k', scopes: ['chats:write'] } })
    const { key: token } = JSON.parse(key.text) as { key: string }
    const answer = await ana.call(`/api/v1/chat/${chat.id}/messages`, {
      method: 'POST',
      token,
      body: { content: 'leia', attachments: [file.id] },
    })
    expect(answer.status).toBe(403)
  })
})
