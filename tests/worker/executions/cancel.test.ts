import { abortAllDurableObjects } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import { Execution } from '#core/workflow/execution'
import { newId } from '#lib/ids'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket } from '#tests/worker/support/socket'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const cancel = (id: string) => ana.call(`/executions/${id}/cancel`, { method: 'POST' })

/** An execution that waits in its HTTP node. */
async function startHeld(key: string, data = {}): Promise<string> {
  const id = await ana.start(
    chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`, data), setNode('end', { never: true })]),
  )
  await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  return id
}

describe('cancel', () => {
  it('ends what is in flight, and a late answer changes nothing', async () => {
    const key = newId()
    const id = await startHeld(key)
    const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
    const answer = await cancel(id)
    expect(answer).toMatchObject({ status: 200, body: { id, status: 'cancelled', output: null, error: null } })
    await socket.until(isLast)
    await release(key)
    expect(await ana.visits(id)).toMatchObject([
      { node_id: 'start', status: 'completed' },
      { node_id: 'call', status: 'cancelled', output: null },
    ])
    expect((await ana.events(id)).at(-1)).toMatchObject({ event_type: 'execution_cancelled' })
    expect(socket.events()).toEqual(await ana.events(id))
    await expect
      .poll(async () => (await ana.call('/executions?status=cancelled')).body)
      .toMatchObject({
        items: expect.arrayContaining([expect.objectContaining({ id })]),
      })
  })

  it('is a 409 for what has ended', async () => {
    const { id } = await ana.run(chain([trigger]))
    expect(problemOf(await cancel(id))).toMatchObject({ status: 409, code: 'execution_finished' })
    const held = await startHeld(newId())
    expect((await cancel(held)).status).toBe(200)
    expect(problemOf(await cancel(held))).toMatchObject({ status: 409 })
  })

  it('happens once, however many ask', async () => {
    const id = await startHeld(newId())
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(id)))
    const count = (wanted: number): number => answers.filter(({ status }) => status === wanted).length
    expect([count(200), count(409)]).toEqual([1, 19])
    expect((await ana.events(id)).filter(({ event_type }) => event_type === 'execution_cancelled')).toHaveLength(1)
  })

  it('and an outcome at the same moment leave one end', async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = newId()
      const id = await startHeld(key)
      const [answer] = await Promise.all([cancel(id), release(key)])
      await expect.poll(async () => (await ana.execution(id)).status).toMatch(/completed|cancelled/)
      const { status } = await ana.execution(id)
      expect([answer.status, status]).toEqual(status === 'cancelled' ? [200, 'cancelled'] : [409, 'completed'])
      const events = await ana.events(id)
      expect(events.filter(isLast)).toHaveLength(1)
      expect(events.findIndex(isLast)).toBe(events.length - 1)
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    }
  })

  it('reaches a node that waits for its next attempt', async () => {
    const key = newId()
    const data = { retry: { backoff_ms: 60_000 } }
    const id = await ana.start(chain([trigger, httpNode('call', `${HTTP_URL}/script/${key}?answers=503`, data)]))
    await expect.poll(async () => (await ana.visits(id))[1]?.status).toBe('retrying')
    expect(await cancel(id)).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    expect(await requestsOf(key)).toHaveLength(1)
  })

  it('stays after a crash (P8)', async () => {
    const key = newId()
    const id = await startHeld(key)
    const answer = cancel(id)
    await answer
    await abortAllDurableObjects()
    expect(await ana.execution(id)).toMatchObject({ status: 'cancelled' })
    await release(key)
    expect(await requestsOf(key)).toHaveLength(1)
  })
})

describe('a failing branch', () => {
  it('cancels the others', async () => {
    const key = newId()
    const nodes = [
      trigger,
      httpNode('good', `${HTTP_URL}/hold/${key}`),
      httpNode('bad', `${HTTP_URL}/script/${newId()}?answers=404`),
    ]
    const execution = await ana.run(graph(nodes, ['start -> good', 'start -> bad']))
    expect(Execution.parse(execution)).toMatchObject({ status: 'failed', error: { node_id: 'bad' } })
    expect(await ana.visits(execution.id)).toMatchObject([
      { node_id: 'start' },
      { node_id: 'good', status: 'cancelled' },
      { node_id: 'bad', status: 'failed' },
    ])
    await release(key)
  })
})
