import { beforeAll, describe, expect, it } from 'vitest'
import { TicketAnswer } from '#core/auth/ticket'
import { call, problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket } from '#tests/worker/support/socket'
import { createKey } from './support.ts'

const READ = ['executions:read'] as const

let ana: Account
let id: string
beforeAll(async () => {
  ana = await createAccount()
  id = (await ana.run(chain([trigger]))).id
})

const path = (query = '') => `/api/v1/ws/execution/${id}${query}`

function askTicket(key: string) {
  return call('/ws/tickets', { token: key, json: { resource: 'execution', id } })
}

describe('a key', () => {
  it('opens a websocket, in the query or as a subprotocol', async () => {
    const { key } = await createKey(ana.token, READ)
    await (await openSocket(path(`?token=${key}`))).until(isLast)
    const socket = await openSocket(path(), { headers: { 'Sec-WebSocket-Protocol': `bearer, ${key}` } })
    await socket.until(isLast)
    expect(socket.protocol).toBe('bearer')
  })

  it('without the scope opens none and gets no ticket', async () => {
    const { key } = await createKey(ana.token, ['workflows:read'])
    expect(await (await openSocket(path(`?token=${key}`))).closed).toMatchObject({ code: 4003 })
    expect(problemOf(await askTicket(key)).code).toBe('insufficient_scope')
  })

  it('that is revoked opens none', async () => {
    const made = await createKey(ana.token, READ)
    await ana.call(`/api-keys/${made.id}`, { method: 'DELETE' })
    expect(await (await openSocket(path(`?token=${made.key}`))).closed).toMatchObject({ code: 4001 })
  })
})

describe('a ticket for a chat', () => {
  const ask = (key: string, resource: string, of: string) =>
    call('/ws/tickets', { token: key, json: { resource, id: of } })
  const newChat = async () => ((await ana.call('/chat', { json: {} })).body as { id: string }).id

  it('takes the scope of chats alone, and opens the chat and nothing else', async () => {
    const chat = await newChat()
    const { key } = await createKey(ana.token, ['chats:read'])
    const { ticket } = TicketAnswer.parse((await ask(key, 'chat', chat)).body)
    for (const [resource, of] of [
      ['execution', id],
      ['workspace', chat],
    ] as const) {
      expect(problemOf(await ask(key, resource, of)).code).toBe('insufficient_scope')
    }
    expect(await (await openSocket(path(`?ticket=${ticket}`))).closed).toMatchObject({ code: 4001 })
    const socket = await openSocket(`/api/v1/ws/chat/${chat}?ticket=${ticket}`)
    await socket.until(({ type }) => type === 'history')
    // The key may read, so whoever came by its ticket does.
    socket.send({ type: 'chat_message', data: { message: 'Oi' } })
    expect(await socket.until(({ type }) => type === 'error')).toMatchObject({ data: { code: 'forbidden' } })
    socket.close()
  })

  it('is not given for the scope of executions alone, nor for none of the two', async () => {
    const chat = await newChat()
    for (const scopes of [READ, ['workflows:read'], ['chats:write']] as const) {
      const { key } = await createKey(ana.token, scopes)
      expect(problemOf(await ask(key, 'chat', chat)).code).toBe('insufficient_scope')
    }
  })

  it('does not outlive what its key may', async () => {
    const chat = await newChat()
    const made = await createKey(ana.token, ['chats:read'])
    const { ticket } = TicketAnswer.parse((await ask(made.key, 'chat', chat)).body)
    await ana.call(`/api-keys/${made.id}`, { method: 'DELETE' })
    const { closed } = await openSocket(`/api/v1/ws/chat/${chat}?ticket=${ticket}`)
    expect(await closed).toMatchObject({ code: 4001 })
  })
})

describe('a ticket that a key asked for', () => {
  it('opens one socket', async () => {
    const { key } = await createKey(ana.token, READ)
    const { ticket } = TicketAnswer.parse((await askTicket(key)).body)
    await (await openSocket(path(`?ticket=${ticket}`))).until(isLast)
    expect(await (await openSocket(path(`?ticket=${ticket}`))).closed).toMatchObject({ code: 4001 })
  })

  it('opens none once the key is revoked or has lost the scope', async () => {
    const [gone, narrowed] = [
      await createKey(ana.token, READ),
      await createKey(ana.token, ['executions:read', 'nodes:read']),
    ]
    const tickets = [gone, narrowed].map(async ({ key }) => TicketAnswer.parse((await askTicket(key)).body).ticket)
    const [first, second] = await Promise.all(tickets)
    await ana.call(`/api-keys/${gone.id}`, { method: 'DELETE' })
    await ana.call(`/api-keys/${narrowed.id}`, { method: 'PATCH', json: { scopes: ['nodes:read'] } })
    expect(await (await openSocket(path(`?ticket=${first}`))).closed).toMatchObject({ code: 4001 })
    expect(await (await openSocket(path(`?ticket=${second}`))).closed).toMatchObject({ code: 4003 })
  })
})
