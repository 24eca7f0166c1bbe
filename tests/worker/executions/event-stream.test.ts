import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { newId } from '#lib/ids'
import { type Account, actorOf, createAccount, HTTP_URL, release } from '#tests/worker/support/api'
import { openEvents } from '#tests/worker/support/events'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { retire } from '#tests/worker/support/retire'

const SMALL = chain([trigger, setNode('end', { ok: true })])
/** Ends with `too_many_visits` after 4,000 events or so. */
const LONG = graph(
  [trigger, setNode('a', { n: 1 }), { id: 'again', type: 'if', config: { condition: true } }],
  ['start -> a', 'a -> again', 'again:true -> a'],
)
const held = (key: string) => chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', {})])

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const follow = (id: string, query = '', headers: Record<string, string> = {}) =>
  openEvents(`/executions/${id}/events${query}`, { Authorization: `Bearer ${ana.token}`, ...headers })

const socketsOf = (id: string) => runInDurableObject(actorOf(id), (_, ctx) => ctx.getWebSockets().length)

describe('the events of an execution as a stream', () => {
  it('come live as they are stored, and end with the last', async () => {
    const key = newId()
    const id = await ana.start(held(key))
    const stream = await follow(id)
    expect(stream.response.headers.get('Content-Type')).toBe('text/event-stream')
    expect(stream.response.headers.get('Cache-Control')).toContain('no-store')
    await stream.until(({ id: seq }) => seq === '4')
    await release(key)
    const events = await stream.rest()
    expect(events.at(-1)?.event).toBe('execution_completed')
    const frames = await ana.events(id)
    expect(events.map(({ data }) => JSON.parse(data))).toEqual(frames)
    expect(events.map((event) => event.id)).toEqual(frames.map(({ seq }) => String(seq)))
    expect(events.map(({ event }) => event)).toEqual(frames.map(({ event_type }) => event_type))
    // Its socket has gone with it.
    await expect.poll(() => socketsOf(id)).toBe(0)
  })

  it('go on behind Last-Event-ID, which wins over "after", without gap or repetition (P9)', async () => {
    const id = await ana.start(
      chain([trigger, { id: 'go', type: 'signal', config: { name: 'go' } }, setNode('end', {})]),
    )
    const first = await follow(id, '?after=1')
    await first.until(({ id: seq }) => seq === '3')
    await first.cancel()
    await evictDurableObject(actorOf(id))
    const second = await follow(id, '?after=1', { 'Last-Event-ID': '3' })
    await second.until(({ id: seq }) => seq === '4')
    await evictDurableObject(actorOf(id))
    await ana.call(`/executions/${id}/signals/go`, { json: {} })
    const frames = await ana.events(id, 3)
    expect((await second.rest()).map(({ data }) => JSON.parse(data))).toEqual(frames)
    expect(frames.length).toBeGreaterThan(3)
  })

  it('are over when nothing will come: 204, so that a browser stays away', async () => {
    const { id } = await ana.runInActor(SMALL)
    const events = await (await follow(id)).rest()
    const last = events.at(-1)?.id ?? ''
    expect((await follow(id, '', { 'Last-Event-ID': last })).response.status).toBe(204)
    await retire(id)
    expect(await (await follow(id)).rest()).toEqual(events)
    expect((await follow(id, '', { 'Last-Event-ID': last })).response.status).toBe(204)
    expect(await (await follow(id, '', { 'Last-Event-ID': '3' })).rest()).toEqual(events.slice(3))
  })

  it(
    'wait for a reader that is slow, in the actor, and break off one that stands still',
    { timeout: 60_000 },
    async () => {
      const { id } = await ana.runInActor(LONG)
      const all = await (await follow(id)).rest()
      expect(all.map((event) => Number(event.id))).toEqual(all.map((_, index) => index + 1))
      expect(all.length).toBeGreaterThan(3_000)
      const slow = await follow(id)
      const asked = () =>
        runInDurableObject(actorOf(id), (_, ctx) => ctx.getWebSockets().map((socket) => socket.deserializeAttachment()))
      // Nothing was read yet: the window is full, and the ping unanswered.
      await expect.poll(asked).toMatchObject([{ cursor: 1_000, pingedAt: expect.any(Number) }])
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 31_000)
      await runDurableObjectAlarm(actorOf(id))
      vi.restoreAllMocks()
      const { events, error } = await slow.toEnd()
      expect(error).toBeDefined()
      expect(events.length).toBeLessThanOrEqual(1_000)
      const rest = await (await follow(id, '', { 'Last-Event-ID': events.at(-1)?.id ?? '0' })).rest()
      expect([...events, ...rest]).toEqual(all)
    },
  )

  it('end within a second of the session, and show nothing more', async () => {
    const own = await createAccount()
    const key = newId()
    const id = await own.start(held(key))
    const stream = await openEvents(`/executions/${id}/events`, { Authorization: `Bearer ${own.token}` })
    await stream.until(({ id: seq }) => seq === '4')
    const began = Date.now()
    await own.call('/auth/logout', { method: 'POST' })
    await stream.toEnd()
    expect(Date.now() - began).toBeLessThan(1_500)
    await release(key)
  })

  it('are JSON for whoever does not ask for them, and nobody else’s', async () => {
    const { id } = await ana.runInActor(SMALL)
    expect((await ana.events(id)).length).toBeGreaterThan(0)
    const eva = await createAccount()
    const foreign = await openEvents(`/executions/${id}/events`, { Authorization: `Bearer ${eva.token}` })
    expect(foreign.response.status).toBe(404)
    expect(
      (await openEvents(`/executions/${newId()}/events`, { Authorization: `Bearer ${ana.token}` })).response.status,
    ).toBe(404)
    expect((await openEvents(`/executions/${id}/events`)).response.status).toBe(401)
    expect((await follow(id, '', { 'Last-Event-ID': 'junk' })).response.status).toBe(422)
  })
})
