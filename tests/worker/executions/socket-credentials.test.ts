import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeJwt } from 'jose'
import { signAccessToken } from '#auth/access-token'
import { readConfig } from '#config'
import { TicketAnswer } from '#core/auth/ticket'
import { type Account, actorOf, createAccount, upgrade } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket } from '#tests/worker/support/socket'

const config = readConfig(env)
const TOKEN_MS = config.JWT_ACCESS_TOKEN_EXPIRE_MINUTES * 60_000

let ana: Account
let id: string

beforeAll(async () => {
  ana = await createAccount()
  id = (await ana.runInActor(chain([trigger]))).id
})

afterEach(() => {
  vi.restoreAllMocks()
})

const path = (query = '') => `/api/v1/ws/execution/${id}${query}`

async function ticketFor(executionId: string): Promise<string> {
  const answer = await ana.call('/ws/tickets', { json: { resource: 'execution', id: executionId } })
  return TicketAnswer.parse(answer.body).ticket
}

/** A token of the same session that ends in so many milliseconds. */
function tokenEndingIn(ms: number): Promise<string> {
  const { sub, sid } = decodeJwt(ana.token)
  return signAccessToken(config, { userId: String(sub), sessionId: String(sid) }, Date.now() - TOKEN_MS + ms)
}

describe('a ticket', () => {
  it('opens one socket', async () => {
    const ticket = await ticketFor(id)
    const first = await openSocket(path(`?ticket=${ticket}`))
    await first.until(isLast)
    expect(await (await openSocket(path(`?ticket=${ticket}`))).closed).toMatchObject({ code: 4001 })
  })

  it('opens one socket, however many try at once', async () => {
    const ticket = await ticketFor(id)
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(path(`?ticket=${ticket}`))))
    const ends = sockets.map((socket) => Promise.race([socket.closed, socket.until(isLast)]))
    const refused = (await Promise.all(ends)).filter((end) => 'code' in end && end.code === 4001)
    expect(refused).toHaveLength(9)
  })

  it('opens nothing else', async () => {
    const other = await ana.runInActor(chain([trigger]))
    const socket = await openSocket(path(`?ticket=${await ticketFor(other.id)}`))
    expect(await socket.closed).toMatchObject({ code: 4001 })
    expect(socket.frames).toEqual([])
  })

  it('opens nothing once its session has ended', async () => {
    const rui = await createAccount()
    const execution = await rui.run(chain([trigger]))
    const json = { resource: 'execution', id: execution.id }
    const { ticket } = TicketAnswer.parse((await rui.call('/ws/tickets', { json })).body)
    await rui.call('/auth/logout', { method: 'POST' })
    const socket = await openSocket(`/api/v1/ws/execution/${execution.id}?ticket=${ticket}`)
    expect(await socket.closed).toMatchObject({ code: 4001 })
  })
})

describe('a token', () => {
  it('may come in the query or as a subprotocol', async () => {
    await (await openSocket(path(`?token=${ana.token}`))).until(isLast)
    const socket = await openSocket(path(), { headers: { 'Sec-WebSocket-Protocol': `bearer, ${ana.token}` } })
    await socket.until(isLast)
    expect(socket.protocol).toBe('bearer')
  })

  it('that is bad is told after a handshake that a browser accepts', async () => {
    const offers = ['bearer, x', 'bearer', `bearer, ${await tokenEndingIn(-1_000)}`]
    for (const offer of offers) {
      const socket = await openSocket(path(), { headers: { 'Sec-WebSocket-Protocol': offer } })
      expect(socket.protocol).toBe('bearer')
      expect(await socket.closed).toMatchObject({ code: 4001 })
    }
    for (const query of ['', '?token=x', '?ticket=x', '?token=']) {
      expect(await (await openSocket(path(query))).closed).toMatchObject({ code: 4001 })
    }
  })

  it('closes its socket when it ends, by itself', { timeout: 20_000 }, async () => {
    const socket = await openSocket(path(`?token=${await tokenEndingIn(2_500)}`))
    await socket.until(isLast)
    expect(await socket.closed).toMatchObject({ code: 4001, reason: 'token expired' })
  })

  it('does not ring without end for a client that never answers the close', async () => {
    const run = await ana.runInActor(chain([trigger]))
    const socket = await openSocket(`/api/v1/ws/execution/${run.id}?token=${await tokenEndingIn(60_000)}`)
    await socket.until(isLast)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000)
    expect(await runDurableObjectAlarm(actorOf(run.id))).toBe(true)
    const alarm = () => runInDurableObject(actorOf(run.id), (_, state) => state.storage.getAlarm())
    // Nothing to do until the actor is emptied.
    await expect.poll(async () => (await alarm()) ?? 0).toBeGreaterThan(Date.now() + 60_000)
  })
})

describe('an Origin', () => {
  it('must be ours or one of CORS_ORIGINS, unless there is none', async () => {
    const query = `?token=${ana.token}`
    const own = new URL(config.PUBLIC_URL).origin
    await (await openSocket(path(query), { headers: { Origin: own } })).until(isLast)
    for (const origin of ['https://evil.example', 'null', `${own}.evil.example`]) {
      const socket = await openSocket(path(query), { headers: { Origin: origin } })
      expect(await socket.closed).toMatchObject({ code: 1008 })
      expect(socket.frames).toEqual([])
    }
  })
})

it('is no page: without an upgrade it says so', async () => {
  const response = await upgrade(path(`?token=${ana.token}`), { Upgrade: 'h2c' })
  expect(response.status).toBe(426)
})

it('takes as many sockets as an execution may have, and no more', { timeout: 60_000 }, async () => {
  const { id: crowded } = await ana.runInActor(chain([trigger]))
  const open = () => openSocket(`/api/v1/ws/execution/${crowded}?token=${ana.token}&after=9`)
  for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 50 }, open))
  expect(await (await open()).closed).toMatchObject({ code: 1008, reason: 'too many sockets' })
})
