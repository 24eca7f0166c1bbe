/** What others do to a chat, and to what it needs, in the middle of a turn. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '#core/chat/message'
import { newId } from '#lib/ids'
import { hit } from '#tests/worker/security/hit'
import { type Caller, createTeam, type Team } from '#tests/worker/security/people'
import { PASSWORD } from '#tests/worker/support/accounts'
import { scriptModel } from '#tests/worker/support/models'
import type { TestSocket } from '#tests/worker/support/socket'
import { type ChatClient, chatOf, createAgentChat, createChat, isAnswer } from './support.ts'

const DONE = { kind: 'text', text: 'pronto' } as const
const CALL = { id: 'call_0', name: 'current_time', input: {} }

let team: Team

beforeAll(async () => {
  await hit('/')
  team = await createTeam()
})

/** A chat in which a tool waits for somebody's approval. */
async function asking(caller: Caller, visibility: 'private' | 'workspace'): Promise<ChatClient> {
  const { reference: model } = await scriptModel({ kind: 'tools', calls: [CALL] }, DONE)
  const tools = [{ type: 'current_time', needs_approval: true }]
  const chat = await createAgentChat(caller, { model, tools })
  await caller.call(`/api/v1/chat/${chat.id}`, { method: 'PATCH', body: { visibility } })
  expect((await chat.ask('Que horas são?')).status).toBe('waiting')
  return chat
}

const codeOf = ({ body }: { readonly body: unknown }) => (body as { code?: string }).code
const errorsOn = ({ frames }: TestSocket) => frames.filter(({ type }) => type === 'error')
const approve = (caller: Caller, { id }: ChatClient) => chatOf(caller, id).post('/calls/call_0', { approved: true })

describe('a call that waits for approval', () => {
  it('is decided by nobody who may not, over REST or a socket', async () => {
    const { members, stranger } = team
    const { editor, owner, viewer } = members
    const [secret, open] = [await asking(editor, 'private'), await asking(editor, 'workspace')]
    const answers = [approve(stranger, secret), approve(owner, secret), approve(stranger, open), approve(viewer, open)]
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 404, 403])
    expect(await (await chatOf(owner, secret.id).follow()).closed).toMatchObject({ code: 4004 })
    const socket = await chatOf(viewer, open.id).follow()
    await socket.until(({ type }) => type === 'history')
    for (const type of ['chat_message', 'stop', 'approve']) {
      const before = errorsOn(socket).length
      socket.send({ type, data: { message: 'Oi', attachments: [newId()], call_id: 'call_0', approved: true } })
      await expect.poll(() => errorsOn(socket).length).toBe(before + 1)
      expect(errorsOn(socket).at(-1)).toMatchObject({ data: { code: 'forbidden' } })
    }
    for (const chat of [secret, open]) expect((await chat.messages()).at(-1)?.status).toBe('waiting')
    // By a colleague in a chat of all it is.
    expect((await approve(owner, open)).status).toBe(200)
  })

  it('is decided once, however many click at once', async () => {
    const { editor, owner } = team.members
    const chat = await asking(editor, 'workspace')
    const answers = await Promise.all([editor, owner, editor, owner].map((caller) => approve(caller, chat)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const refused = answers.filter(({ status }) => status !== 200)
    for (const answer of refused) expect(codeOf(answer)).toMatch(/^chat_call_/)
    await expect.poll(async () => (await chat.messages()).at(-1)?.status).toBe('complete')
    expect(codeOf(await approve(editor, chat))).toBe('chat_call_unknown')
  })

  it('cannot be decided behind a stop', async () => {
    const chat = await asking(team.members.editor, 'private')
    await chat.post('/stop')
    expect(codeOf(await approve(team.members.editor, chat))).toBe('chat_call_unknown')
    expect((await chat.messages()).at(-1)?.status).toBe('stopped')
  })
})

describe('in the middle of a turn', () => {
  const held = { kind: 'hold', text: 'um dois três quatro' } as const

  it('its agent is deleted: this answer comes to its end, the next says why there is none', async () => {
    const { editor } = team.members
    const model = await scriptModel(held)
    const chat = await createAgentChat(editor, { model: model.reference })
    const { agent_id: agentId } = await chat.chat()
    await chat.say('Oi')
    await expect.poll(async () => (await model.requests()).length).toBe(1)
    expect((await editor.call(`/api/v1/agents/${agentId}`, { method: 'DELETE' })).status).toBe(204)
    await model.release()
    await expect
      .poll(async () => (await chat.messages()).at(-1))
      .toMatchObject({ status: 'complete', content: held.text })
    expect((await chat.ask('E agora?')).error?.code).toBe('chat_agent_gone')
  })

  it('the workflow that its tool runs is deleted: the model is told, and answers', async () => {
    const { editor } = team.members
    const made = await editor.call('/api/v1/workflows', { method: 'POST', body: { name: 'Ferramenta' } })
    const { id: workflow_id } = JSON.parse(made.text) as { id: string }
    const call = { id: 'call_0', name: 'run', input: {} }
    const model = await scriptModel({ kind: 'hold', text: '', calls: [call] }, DONE)
    const tools = [{ type: 'run_workflow', name: 'run', config: { workflow_id } }]
    const chat = await createAgentChat(editor, { model: model.reference, tools })
    await chat.say('Rode')
    await expect.poll(async () => (await model.requests()).length).toBe(1)
    expect((await editor.call(`/api/v1/workflows/${workflow_id}`, { method: 'DELETE' })).status).toBe(204)
    await model.release()
    await expect.poll(async () => (await chat.messages()).at(-1)?.status).toBe('complete')
    const part = (await chat.messages()).at(-1)?.parts.find(({ type }) => type === 'tool')
    expect(part).toMatchObject({ state: 'failed' })
  })

  it('its speaker closes the account: sockets end, and others find nothing', async () => {
    const { members } = await createTeam()
    const model = await scriptModel(held)
    const chat = await createAgentChat(members.editor, { model: model.reference })
    const socket = await chat.follow()
    await chat.say('Oi')
    await expect.poll(async () => (await model.requests()).length).toBe(1)
    const gone = await members.editor.call('/api/v1/auth/account', { method: 'DELETE', body: { password: PASSWORD } })
    expect(gone.status).toBe(204)
    expect((await socket.closed).code).toBeGreaterThanOrEqual(4000)
    expect((await chatOf(members.owner, chat.id).post('/messages', { content: 'Oi' })).status).toBe(404)
    await model.release()
  })

  it('its workspace is deleted: sockets end, and it answers to nobody', async () => {
    const { members, workspaceId } = await createTeam()
    const model = await scriptModel(held)
    const chat = await createAgentChat(members.editor, { model: model.reference })
    const socket = await chat.follow()
    await chat.say('Oi')
    await expect.poll(async () => (await model.requests()).length).toBe(1)
    expect((await members.owner.call(`/api/v1/workspaces/${workspaceId}`, { method: 'DELETE' })).status).toBe(204)
    expect((await socket.closed).code).toBeGreaterThanOrEqual(4000)
    expect((await chat.post('/messages', { content: 'Oi' })).status).toBe(404)
    await model.release()
  })
})

describe('attachments', () => {
  it('of another tenant, of nobody or too many are refused, on REST and on a socket; nothing is said', async () => {
    const { members, stranger } = team
    const theirs = await upload(stranger)
    const chat = await createChat(members.editor)
    const tooMany = Array.from({ length: 21 }, () => newId())
    for (const [attachments, statuses] of [
      [[theirs], [404]],
      [[newId()], [404]],
      [tooMany, [422]],
      [['../../etc/passwd'], [422]],
    ] as const) {
      const { status } = await chat.post('/messages', { content: 'Leia', attachments: [...attachments] })
      expect(statuses).toContain(status)
    }
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    for (const attachments of [[theirs], tooMany, [{ file_id: theirs }]]) {
      const before = errorsOn(socket).length
      socket.send({ type: 'chat_message', data: { message: 'Leia', attachments } })
      await expect.poll(() => errorsOn(socket).length).toBe(before + 1)
    }
    expect(await chat.messages()).toEqual([])
  })

  it('a flood on a socket is answered each, by an answer or an error, and the chat lives on', async () => {
    const { editor } = team.members
    const id = await upload(editor)
    const chat = await createChat(editor)
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    const attachments = Array.from({ length: 20 }, () => id)
    for (let n = 0; n < 60; n += 1) socket.send({ type: 'chat_message', data: { message: `Leia ${n}`, attachments } })
    const said = () =>
      socket.frames.filter(({ type, data }) => type === 'chat_message' && (data as ChatMessage).role === 'user')
    const ids = () => new Set(said().map(({ data }) => (data as ChatMessage).id)).size
    const errors = () => socket.frames.filter(({ type }) => type === 'error').length
    await expect.poll(() => ids() + errors(), { timeout: 20_000 }).toBe(60)
    expect(errors()).toBeGreaterThan(0)
    await expect.poll(() => socket.frames.filter(isAnswer).length, { timeout: 20_000 }).toBe(ids())
    expect((await chat.ask('Ainda aí?')).status).toBe('complete')
  })
})

it('a message with a NUL in it is kept, found and named', async () => {
  const chat = await createChat(team.members.editor)
  const socket = await chat.follow()
  await socket.until(({ type }) => type === 'history')
  socket.send({ type: 'chat_message', data: { message: 'Antes\0depois' } })
  await socket.until(isAnswer)
  await expect.poll(async () => (await chat.chat()).message_count).toBe(2)
  expect((await chat.chat()).title).toMatch(/^Antes.?depois$/)
})

async function upload(caller: Caller): Promise<string> {
  const lines = [
    '--suite',
    'Content-Disposition: form-data; name="file"; filename="a.txt"',
    '',
    'texto',
    '--suite--',
    '',
  ]
  const headers = { 'Content-Type': 'multipart/form-data; boundary=suite' }
  const answer = await caller.call('/api/v1/files/upload', { method: 'POST', headers, body: lines.join('\r\n') })
  return (JSON.parse(answer.text) as { id: string }).id
}
