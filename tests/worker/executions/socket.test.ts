import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { newId } from '#lib/ids'
import { type Account, actorOf, createAccount, HTTP_URL, release } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket, type SocketOptions } from '#tests/worker/support/socket'

/** Ends with `too_many_visits` after 4,000 events or so. */
const LONG = graph(
  [trigger, setNode('a', { n: 1 }), { id: 'again', type: 'if', config: { condition: true } }],
  ['start -> a', 'a -> again', 'again:true -> a'],
)
const WINDOW = 1_000
const HALF_A_MINUTE_MS = 31_000

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

function follow(id: string, query = '', options: SocketOptions = {}) {
  return openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}${query}`, options)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** Time passes for our code; alarms are rung by the test. */
function later(ms: number): void {
  const then = Date.now() + ms
  vi.spyOn(Date, 'now').mockReturnValue(then)
}

async function finishLong(): Promise<{ id: string; last: number }> {
  const { id } = await ana.runInActor(LONG)
  const stats = await follow(id, '&after=999999')
  stats.send({ type: 'get_stats' })
  const frame = await stats.until(({ type }) => type === 'stats_response')
  return { id, last: (frame['data'] as { last_seq: number }).last_seq }
}

describe('a socket', () => {
  it('is confirmed, then gets every event from 1 on, live as replayed', async () => {
    const key = newId()
    const id = await ana.start(chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', {})]))
    const early = await follow(id)
    await early.until(({ seq }) => seq === 4)
    expect(early.frames[0]).toMatchObject({
      event_type: 'subscription_confirmed',
      execution_id: id,
      data: { status: 'running', last_seq: 4 },
    })
    expect(early.frames[0]).not.toHaveProperty('seq')
    await release(key)
    await early.until(isLast)
    const late = await follow(id)
    await late.until(isLast)
    const behind = await follow(id, '&after=3')
    await behind.until(isLast)
    const events = await ana.events(id)
    expect(early.events()).toEqual(events)
    expect(late.events()).toEqual(events)
    expect(behind.events()).toEqual(events.slice(3))
    expect(events.map(({ seq }) => seq)).toEqual(range(1, events.length))
  })

  it.each(['/ws', '/api/v1/ws'])('opens at %s', async (base) => {
    const { id } = await ana.runInActor(chain([trigger]))
    const socket = await openSocket(`${base}/execution/${id}?token=${ana.token}`)
    expect(await socket.until(isLast)).toMatchObject({ execution_id: id })
  })

  it.each(['-1', 'x', '1.5'])('is refused with after=%s', async (after) => {
    const { id } = await ana.runInActor(chain([trigger]))
    expect(await (await follow(id, `&after=${after}`)).closed).toMatchObject({ code: 1008 })
  })

  it('answers heartbeats, stats and nonsense', async () => {
    const { id } = await ana.runInActor(chain([trigger]))
    const socket = await follow(id)
    await socket.until(isLast)
    const before = socket.frames.length
    for (const frame of ['{"type":"heartbeat"}', '{ "type": "heartbeat" }', { type: 'get_stats' }]) socket.send(frame)
    const stats = await socket.until(({ type }) => type === 'stats_response')
    expect(stats).toMatchObject({ data: { status: 'completed', last_seq: 4, visits: 1, running: 0, sockets: 1 } })
    for (const bad of ['', 'x', '[]', 'null', '{}', '{"type":"stop"}', '{"type":"ack","seq":"x"}', '['.repeat(9_999)]) {
      socket.send(bad)
    }
    await expect.poll(() => socket.frames.filter(({ type }) => type === 'error').length).toBe(8)
    expect(socket.frames.slice(before).filter(({ type }) => type === 'heartbeat_response')).toHaveLength(2)
    socket.send({ type: 'ack', seq: 3 })
    socket.send({ type: 'pong' })
    socket.send({ type: 'get_stats' })
    await expect.poll(() => socket.frames.filter(({ type }) => type === 'stats_response').length).toBe(2)
    expect(socket.events()).toHaveLength(4)
  })

  it('does not wake the actor for a heartbeat', async () => {
    const { id } = await ana.runInActor(chain([trigger]))
    const socket = await follow(id)
    await socket.until(isLast)
    const actor = actorOf(id)
    await runInDurableObject(actor, (instance: object) => Object.assign(instance, { mark: true }))
    socket.send('{"type":"heartbeat"}')
    await socket.until(({ type }) => type === 'heartbeat_response')
    await evictDurableObject(actor)
    socket.send('{"type":"heartbeat"}')
    await expect.poll(() => socket.frames.filter(({ type }) => type === 'heartbeat_response').length).toBe(2)
    await expect(evictDurableObject(actor)).rejects.toThrow(/not running|running/i)
  })

  it.each([1000, 3000, 4999])('closes with the code %i that the client gave', async (code) => {
    const { id } = await ana.runInActor(chain([trigger]))
    const socket = await follow(id)
    await socket.until(isLast)
    socket.close(code)
    const stats = await follow(id)
    await expect
      .poll(async () => {
        stats.send({ type: 'get_stats' })
        return stats.frames.findLast(({ type }) => type === 'stats_response')?.['data']
      })
      .toMatchObject({ sockets: 1 })
  })
})

describe('the window', { timeout: 30_000 }, () => {
  it('holds for a client that never answers: it is pinged once and closed with 1013', async () => {
    const { id } = await finishLong()
    const socket = await follow(id, '', { answersPings: false })
    await socket.until(({ type }) => type === 'ping')
    expect(socket.events().map(({ seq }) => seq)).toEqual(range(1, WINDOW))
    later(HALF_A_MINUTE_MS)
    expect(await runDurableObjectAlarm(actorOf(id))).toBe(true)
    expect(await socket.closed).toMatchObject({ code: 1013 })
    expect(socket.frames.filter(({ type }) => type === 'ping')).toHaveLength(1)
    vi.restoreAllMocks()
    const again = await follow(id, `&after=${WINDOW}`)
    await again.until(({ seq }) => seq === WINDOW + 1)
  })

  it('opens again with each answer, without a gap', async () => {
    const { id, last } = await finishLong()
    expect(last).toBeGreaterThan(3 * WINDOW)
    const socket = await follow(id)
    await socket.until(isLast)
    expect(socket.events().map(({ seq }) => seq)).toEqual(range(1, last))
  })

  it('outlives an eviction', async () => {
    const { id, last } = await finishLong()
    const socket = await follow(id, '', { answersPings: false })
    await socket.until(({ type }) => type === 'ping')
    await evictDurableObject(actorOf(id))
    socket.send({ type: 'ack', seq: WINDOW })
    await socket.until(({ seq }) => seq === 2 * WINDOW)
    expect(socket.events().map(({ seq }) => seq)).toEqual(range(1, 2 * WINDOW))
    expect(last).toBeGreaterThan(2 * WINDOW)
  })
})

describe('no gap and no repetition (P9)', { timeout: 60_000 }, () => {
  it.each([1, 7, 97])('when the client cuts after every %i frames', async (k) => {
    const key = newId()
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => httpNode(id, `${HTTP_URL}/echo/${key}`))
    const id = k === 97 ? (await finishLong()).id : await ana.start(chain([trigger, ...nodes]))
    const seen: number[] = []
    let isOver = false
    while (!isOver) {
      const after = seen.at(-1) ?? 0
      const socket = await follow(id, `&after=${after}`)
      await socket.until((frame) => (frame.seq ?? 0) === after + k || isLast(frame))
      const got = socket.events().slice(0, k)
      socket.close()
      seen.push(...got.map(({ seq }) => seq))
      isOver = got.some(isLast)
    }
    expect(seen).toEqual(range(1, seen.length))
  })

  it('when the actor is evicted between any two steps', async () => {
    const key = newId()
    const data = { retry: { max_attempts: 9, backoff_ms: 150, factor: 1 } }
    const url = `${HTTP_URL}/script/${key}?answers=503,503,503,503,503,503,200`
    const id = await ana.start(chain([trigger, httpNode('call', url, data), setNode('end', {})]))
    const socket = await follow(id)
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      await socket.until(({ event_type, data: what }) => {
        const { attempt: next } = (what ?? {}) as { attempt?: number }
        return event_type === 'node_retrying' && next === attempt + 1
      })
      await evictDurableObject(actorOf(id))
    }
    await socket.until(isLast)
    const events = await ana.events(id)
    expect(socket.events()).toEqual(events)
    expect(events.map(({ seq }) => seq)).toEqual(range(1, events.length))
    expect(await ana.visits(id)).toMatchObject([{}, { node_id: 'call', attempts: 7, status: 'completed' }, {}])
  })
})
