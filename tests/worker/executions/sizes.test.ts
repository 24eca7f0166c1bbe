import { beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#lib/ids'
import { type Account, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket } from '#tests/worker/support/socket'

const MIB = 1_048_576

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

function fill(id: string, byte: number, count: number, key = newId()) {
  return httpNode(id, `${HTTP_URL}/fill/${key}?byte=${byte}&count=${count}`)
}

describe('an output of any characters', { timeout: 30_000 }, () => {
  // Control characters take six bytes as JSON; what is no UTF-8 takes three, as U+FFFD.
  it.each([
    ['letters', 97],
    ['control characters', 1],
    ['no UTF-8', 255],
  ])('of %s is stored, once', async (_, byte) => {
    const key = newId()
    const execution = await ana.run(chain([trigger, fill('call', byte, MIB - 1_000, key)]))
    expect([execution.status, execution.error]).toEqual(['completed', null])
    expect(await requestsOf(key)).toHaveLength(1)
    const socket = await openSocket(`/api/v1/ws/execution/${execution.id}?token=${ana.token}`)
    await socket.until(isLast)
    expect(await ana.visits(execution.id)).toHaveLength(2)
  })
})

describe('many large outputs', { timeout: 60_000 }, () => {
  it('one after the other are stored, followed, projected and read', async () => {
    const calls = Array.from({ length: 20 }, (_, index) => fill(`call${index}`, 97, MIB - 1_000))
    const { id, status } = await ana.run(chain([trigger, ...calls, setNode('end', { ok: true })]))
    expect(status).toBe('completed')
    const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
    await socket.until(isLast)
    const landed = async () => (await ana.call('/executions?status=completed&size=100')).body
    await expect
      .poll(landed, { timeout: 20_000 })
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect((await ana.call(`/executions/${id}/nodes?size=5&page=2`)).body).toMatchObject({ total: 22 })
    const seqs: number[] = []
    for (let events = await ana.events(id); events.length > 0; events = await ana.events(id, seqs.at(-1))) {
      seqs.push(...events.map(({ seq }) => seq))
    }
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    expect(seqs.length).toBe(socket.events().length)
  })

  it('of a run that goes on are more than fits into one answer, which says where the rest is', async () => {
    const key = newId()
    const calls = Array.from({ length: 20 }, (_, index) => fill(`call${index}`, 97, MIB - 1_000))
    const id = await ana.start(chain([trigger, ...calls, httpNode('held', `${HTTP_URL}/hold/${key}`)]))
    await expect.poll(async () => (await requestsOf(key)).length, { timeout: 30_000 }).toBe(1)
    const visits = await ana.visits(id)
    expect(JSON.stringify(visits).length).toBeLessThan(9 * MIB)
    expect(visits.filter(({ large }) => large !== undefined).length).toBeGreaterThan(10)
    expect(visits.map((visit) => visit.node_id)).toEqual(['start', ...calls.map((call) => call.id), 'held'])
    const page = await ana.call(`/executions/${id}/nodes?size=3&page=7`)
    expect(page.body).toMatchObject({
      total: 22,
      items: [{ node_id: 'call17' }, { node_id: 'call18' }, { node_id: 'call19' }],
    })
    const one = await ana.call(`/executions/${id}/nodes?node_id=call3`)
    expect(one.body).toMatchObject({ total: 1, items: [{ node_id: 'call3', visit: 1 }] })
    await release(key)
  })

  it('side by side are what an execution gives, each with its place', async () => {
    const calls = Array.from({ length: 12 }, (_, index) => fill(`call${index}`, 97, MIB - 1_000 - index))
    const execution = await ana.run(
      graph(
        [trigger, ...calls],
        calls.map(({ id }) => `start -> ${id}` as const),
      ),
    )
    expect(execution).toMatchObject({ status: 'completed', output: { call0: { status: 200 }, call11: null } })
    expect(execution.large?.map(({ path }) => path)).toContain('/output/call11')
  })
})
