/** What a request and an execution may cost, as counts: `bench/budget.json`. Times are measured by `npm run bench`. */
import { runInDurableObject } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
import { newId } from '#lib/ids'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, graph, setNode, trigger } from '#tests/worker/support/graphs'
import { triggersOf } from '#tests/worker/triggers/support'
import budget from '../../../bench/budget.json'

/** What other tests left behind may ask the database meanwhile: the least of some counts is the request's own. */
const TIMES = 5
/** So often at most is it counted again while others seem to be in it. */
const MOST_TIMES = 50
const QUIET_MS = 200

let ana: Account
let workflow: string
let execution: string
let hook: string

const HOOKED = graph(
  [
    { id: 'hook', type: 'trigger.webhook', config: { auth: 'none', response: 'on_respond' } },
    setNode('double', { doubled: '{{ $trigger.body.n * 2 }}' }),
    { id: 'large', type: 'if', config: { condition: '{{ $input.doubled > 10 }}' } },
    { id: 'answer', type: 'respond', config: { body: '{{ $input }}' } },
  ],
  ['hook -> double', 'double -> large', 'large:true -> answer'],
)

beforeAll(async () => {
  ana = await createAccount()
  workflow = (await ana.createWorkflow(chain([trigger, setNode('a', { n: 1 }), setNode('b', { n: 2 })]))).id
  execution = (await ana.runInActor(chain([trigger]))).id
  const { id } = await ana.createWorkflow(HOOKED)
  await ana.call(`/workflows/${id}/publish`, { json: {} })
  hook = new URL((await triggersOf(ana, id))[0]?.url ?? '').pathname
})

afterEach(() => {
  vi.restoreAllMocks()
})

const deliver = (body = '{"n":7}') =>
  exports.default.fetch(
    new Request(`http://localhost:8000${hook}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    }),
  )

/** Round trips to the database that the request waits for; several statements at once are one. */
async function queriesOf(request: () => Promise<unknown>, allowed: number): Promise<number> {
  const asked = vi.spyOn(PostgresPool.prototype, 'run')
  let least = Infinity
  for (let time = 0; time < TIMES || (least > allowed && time < MOST_TIMES); time += 1) {
    asked.mockClear()
    await request()
    least = Math.min(least, asked.mock.calls.length)
  }
  return least
}

const REQUESTS: Readonly<Record<keyof typeof budget.queries, () => Promise<unknown>>> = {
  'GET /health': () => exports.default.fetch(new Request('http://localhost:8000/health')),
  'GET /workflows': () => ana.call('/workflows?page=1&size=10'),
  'GET /workflows/{id}': () => ana.call(`/workflows/${workflow}`),
  'POST /workflows': () => ana.createWorkflow(HOOKED, { name: newId() }),
  'POST /workflows, a name that is taken': () => ana.createWorkflow(HOOKED),
  'POST /workflows/{id}/execute': () => ana.call(`/workflows/${workflow}/execute`, { json: {} }),
  'POST /workflows/{id}/execute?wait=10, which ends at once': () =>
    ana.call(`/workflows/${workflow}/execute?wait=10`, { json: {} }),
  'GET /executions': () => ana.call('/executions'),
  'GET /executions/{id}': () => ana.call(`/executions/${execution}`),
  'POST /hooks/{token}': () => deliver(),
}

it.each(Object.entries(budget.queries))('%s asks the database %i times', async (name, allowed) => {
  const request = Object.entries(REQUESTS).find(([known]) => known === name)?.[1]
  expect(request).toBeDefined()
  expect(await queriesOf(request ?? (() => deliver()), allowed)).toBe(allowed)
})

/** The storage of every actor, so that its calls can be counted. */
function countStorage(id: string): Promise<{ transactions: () => number; alarms: () => number }> {
  return runInDurableObject(actorOf(id), (_, { storage }) => {
    const every = Object.getPrototypeOf(storage) as DurableObjectStorage
    const transactions = vi.spyOn(every, 'transactionSync')
    const alarms = [vi.spyOn(every, 'setAlarm'), vi.spyOn(every, 'deleteAlarm')]
    return {
      transactions: () => transactions.mock.calls.length,
      alarms: () => alarms.reduce((sum, one) => sum + one.mock.calls.length, 0),
    }
  })
}

/** Waits until a count has stood still for a while. */
async function untilQuiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count()
    await scheduler.wait(QUIET_MS)
  }
}

const sizeOf = (id: string) =>
  runInDurableObject(actorOf(id), (_, { storage: { sql } }) => ({
    ...sql
      .exec<{ events: number; bytes: number }>('SELECT count(*) AS events, sum(length(body)) AS bytes FROM events')
      .one(),
    database: sql.databaseSize,
  }))

type Costs = typeof budget.execution

/** The least that a delivery costs, from its arrival to its place in the list. */
async function costsOf(request: () => Promise<Response>, allowed: Costs): Promise<Costs> {
  const counts: Costs[] = []
  const least = (name: keyof Costs) => Math.min(...counts.map((count) => count[name]))
  const isOver = () => least('queries') > allowed.queries || least('transactions') > allowed.transactions
  for (let time = 0; time < TIMES || (isOver() && time < MOST_TIMES); time += 1) {
    const storage = await countStorage(execution)
    const queries = vi.spyOn(PostgresPool.prototype, 'run')
    expect((await request()).status).toBe(200)
    // What is owed to the list and to the trigger is paid when nothing is asked any more.
    await untilQuiet(() => queries.mock.calls.length)
    counts.push({ transactions: storage.transactions(), alarms: storage.alarms(), queries: queries.mock.calls.length })
    vi.restoreAllMocks()
  }
  return { transactions: least('transactions'), alarms: least('alarms'), queries: least('queries') }
}

describe('an execution of four nodes', () => {
  it('writes and sets nothing beside its one statement where it ends at once', async () => {
    expect(await costsOf(() => deliver(), budget.at_once)).toEqual(budget.at_once)
  })

  it('writes, sets alarms and asks the database no oftener than this where it has an actor', async () => {
    // PostgreSQL's JSON functions do not read it.
    const inActor = () => deliver('{"n":7,"text":"\\u0000"}')
    expect(await costsOf(inActor, budget.execution)).toEqual(budget.execution)
  })

  it('stores no more than this', async () => {
    const id = (
      await ana.runInActor(chain([trigger, setNode('a', { n: 1 }), setNode('b', { n: 2 }), setNode('c', { n: 3 })]))
    ).id
    const { events, bytes, database } = await sizeOf(id)
    expect(bytes / events).toBeLessThanOrEqual(budget.storage.bytes_per_event)
    expect(database).toBeLessThanOrEqual(budget.storage.bytes_per_execution)
  })
})
