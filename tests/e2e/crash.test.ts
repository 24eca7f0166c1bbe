/** What SIGKILL and a frozen PostgreSQL leave behind: nothing lost, nothing twice (P1, P2, P6, P9, P10). */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { signal, waitUntilGone } from '#local/processes'
import { TriggerList } from '#core/triggers/trigger'
import type { ExecutionFrame } from '#core/workflow/execution'
import { type Client, createClient, isLast } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

const DEADLINE_MS = 5_000
/** The guard alarm rings within 5 s, and a machine that runs other tests is slow. */
const END = { timeout: 40_000, interval: 100 }

const Started = z.object({ execution_id: z.uuid() })

let http: HttpServer
let server: TestServer
let ana: Client

beforeAll(async () => {
  http = await startHttpServer()
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1' } })
  ana = await createClient(server.url)
})

afterAll(async () => {
  await server.remove()
  await http.stop()
})

async function startHeld(key: string): Promise<string> {
  const id = await ana.start(
    chain([trigger, httpNode('call', `${http.url}/hold/${key}`), setNode('end', { ok: true })]),
  )
  await expect.poll(() => http.requests(key).length, END).toBe(1)
  return id
}

/** Also while the server is away: then nothing has ended yet. */
const statusOf = (id: string) =>
  expect.poll(async () => (await ana.execution(id).catch(() => undefined))?.status ?? 'away', END)

function expectSound(events: readonly ExecutionFrame[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  expect(events.filter(isLast)).toHaveLength(1)
  const outcomes = events
    .filter(({ event_type }) => event_type === 'node_completed' || event_type === 'node_failed')
    .map(({ node_id, data }) => JSON.stringify([node_id, data['visit']]))
  expect(new Set(outcomes).size).toBe(outcomes.length)
}

function keysOf(key: string): (string | string[] | undefined)[] {
  return http.requests(key).map(({ headers }) => headers['idempotency-key'])
}

/** Follows a run through whatever happens to the server, coming back with `?after`. */
async function followThrough(id: string): Promise<ExecutionFrame[]> {
  const seen: ExecutionFrame[] = []
  while (!seen.some(isLast)) {
    const watcher = ana.watch(id, seen.at(-1)?.seq ?? 0)
    await Promise.race([watcher.last, watcher.closed])
    seen.push(...watcher.events)
    watcher.close()
    await sleep(50)
  }
  return seen
}

describe('SIGKILL in the middle of an HTTP request', { timeout: 90_000 }, () => {
  test.each(['workerd', 'everything'])('of %s: the run ends, with one attempt and one key', async (what) => {
    const key = `middle-${what}`
    const id = await startHeld(key)
    const followed = followThrough(id)
    if (what === 'everything') {
      await server.kill()
      await server.restart()
    } else {
      const { workerd } = server.pids()
      signal(workerd, 'SIGKILL')
      await waitUntilGone([workerd], DEADLINE_MS)
    }
    await expect.poll(() => http.requests(key).length, END).toBe(2)
    http.release(key)
    await statusOf(id).toBe('completed')
    expect(keysOf(key)).toEqual([`${id}/call/1/1`, `${id}/call/1/1`])
    expect(await ana.visits(id)).toMatchObject([{}, { node_id: 'call', attempts: 1, error: null }, {}])
    const events = await ana.events(id)
    expectSound(events)
    expect(await followed).toEqual(events)
  })
})

describe('SIGKILL right after the 202', { timeout: 120_000 }, () => {
  test.each([1, 2])('loses none of many executions (round %i)', async (round) => {
    const key = `accepted-${round}`
    const calls = ['echo', 'hold', 'echo'].map((what, index) => httpNode(`n${index}`, `${http.url}/${what}/${key}`))
    const workflow = await ana.createWorkflow(chain([trigger, ...calls, setNode('end', { n: '{{ $trigger.n }}' })]))
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => ana.execute(workflow, { n })))
    const followed = ids.map(followThrough)
    await server.kill()
    http.release(key)
    await server.restart()
    for (const [n, id] of ids.entries()) {
      await statusOf(id).toBe('completed')
      expect(await ana.execution(id)).toMatchObject({ output: { n } })
      const events = await ana.events(id)
      expectSound(events)
      expect(await followed[n]).toEqual(events)
    }
    const list = async () => (await ana.call(`/executions?workflow_id=${workflow}&status=completed`)).body
    await expect.poll(list, END).toMatchObject({ total: 20 })
    expect(new Set(keysOf(key)).size).toBe(60)
  })

  test('of executions that were being accepted: each key makes one, and it ends', async () => {
    const workflow = await ana.createWorkflow(chain([trigger, httpNode('call', `${http.url}/echo/being-accepted`)]))
    const execute = (n: number) =>
      fetch(`${server.url}/api/v1/workflows/${workflow}/execute`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${ana.token}`, 'Idempotency-Key': `being-accepted-${n}` },
      }).then(async (response) => Started.parse(await response.json()).execution_id)
    const first = Array.from({ length: 40 }, (_, n) => execute(n).catch(() => undefined))
    await Promise.race(first)
    await server.kill()
    const answered = await Promise.all(first)
    await server.restart()
    const ids = await Promise.all(answered.map((_, n) => execute(n)))
    expect(ids).toEqual(answered.map((id, n) => id ?? ids[n]))
    for (const id of ids) {
      await statusOf(id).toBe('completed')
      expectSound(await ana.events(id))
    }
    expect(new Set(keysOf('being-accepted')).size).toBe(40)
  })
})

describe('SIGKILL around the 2xx of a webhook (P1)', { timeout: 120_000 }, () => {
  test('each delivery ends as one execution, also when its sender repeats it after the crash', async () => {
    const config = { auth: 'none', delivery_header: 'X-Delivery' }
    const call = httpNode('call', `${http.url}/echo/delivered`)
    const end = setNode('end', { n: '{{ $trigger.body.n }}' })
    const workflow = await ana.createWorkflow(chain([{ id: 'hook', type: 'trigger.webhook', config }, call, end]))
    await ana.call(`/workflows/${workflow}/publish`, {})
    const { items } = TriggerList.parse((await ana.call(`/workflows/${workflow}/triggers`)).body)
    // The address is built of PUBLIC_URL; the server of the test listens elsewhere.
    const address = () => server.url + new URL(items[0]?.url ?? '').pathname
    const deliver = async (n: number): Promise<string> => {
      const headers = { 'Content-Type': 'application/json', 'X-Delivery': `delivery-${n}` }
      const response = await fetch(address(), { method: 'POST', headers, body: JSON.stringify({ n }) })
      expect(response.status).toBe(202)
      return Started.parse(await response.json()).execution_id
    }
    // Ten have their answer when it dies; of thirty more some have, some have not.
    const before = await Promise.all(Array.from({ length: 10 }, (_, n) => deliver(n)))
    const during = Array.from({ length: 30 }, (_, n) => deliver(10 + n).catch(() => undefined))
    await Promise.race(during)
    await server.kill()
    const answered = [...before, ...(await Promise.all(during))]
    await server.restart()
    // Nobody repeats these: the 2xx was a promise.
    for (const id of before) await statusOf(id).toBe('completed')
    const ids = await Promise.all(answered.map((_, n) => deliver(n)))
    expect(ids).toEqual(answered.map((id, n) => id ?? ids[n]))
    for (const [n, id] of ids.entries()) {
      await statusOf(id).toBe('completed')
      expect(await ana.execution(id)).toMatchObject({ output: { n }, trigger: 'webhook' })
      expectSound(await ana.events(id))
    }
    const list = async () => (await ana.call(`/executions?workflow_id=${workflow}`)).body
    await expect.poll(list, END).toMatchObject({ total: 40 })
    expect(new Set(keysOf('delivered')).size).toBe(40)
  })
})

describe('while PostgreSQL is frozen', { timeout: 90_000 }, () => {
  const frozen = (): readonly number[] => {
    const { all, node, workerd } = server.pids()
    return all.filter((pid) => pid !== node && pid !== workerd)
  }

  test('runs and sockets go on, REST says 503 in time, and all recovers by itself', async () => {
    const key = 'frozen'
    const id = await startHeld(key)
    const watcher = ana.watch(id)
    await watcher.until(({ seq }) => seq === 4)
    const stopped = frozen()
    for (const pid of stopped) signal(pid, 'SIGSTOP')
    try {
      const answers = await Promise.all([
        ana.call('/executions'),
        ana.call(`/executions/${id}`),
        ana.call('/workflows', { name: 'x' }),
        ana.call(`/executions/${id}/cancel`, {}),
      ])
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
        expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
        expect(answer.ms).toBeLessThan(DEADLINE_MS)
      }
      http.release(key)
      expect(await watcher.last).toMatchObject({ event_type: 'execution_completed' })
    } finally {
      for (const pid of stopped) signal(pid, 'SIGCONT')
    }
    expectSound(watcher.events)
    const list = async () => (await ana.call('/executions?status=completed&size=100')).body
    await expect.poll(list, END).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect(await ana.visits(id)).toHaveLength(3)
  })
})
