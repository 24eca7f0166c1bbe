/** The kinds of work that servers are killed under: what each asks for, and what must have become of it. */
import { z } from 'zod'
import type { JsonObject } from '#lib/json'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { prepareAtOnce } from './at-once.ts'
import type { PromiseName } from './ledger.ts'
import { createHook, expectSound, type Ground, post, Started, tryPost, until, visitsOf } from './world.ts'

/** Work that was asked for. */
export interface Job {
  /** Whether the server had said that it took it. */
  readonly isAccepted: boolean
  /** After the server is back: looks at what became of it. */
  settle(): Promise<void>
}

/** Starts one piece of work; `n` tells it apart. Resolves with the answer or when the server has died over it. */
export type Kind = (n: number) => Promise<Job>

const Listed = z.object({ items: z.array(z.object({ id: z.string() })), pages: z.int() })
const CYCLES = 4
const ITEMS = [1, 2, 3, 4, 5]
/** Enough to be killed in the middle, and over before the next kills are. */
const WAITS_MS = [50, 400, 1_500, 4_000]

/** start -> step -> call -> again? -true-> step, -false-> end */
function cycle(url: string): JsonObject {
  const step = setNode('step', { i: '{{ $nodes.step.i > 0 ? $nodes.step.i + 1 : 1 }}' })
  return graph(
    [
      trigger,
      { ...step, data: { join: 'any' } },
      httpNode('call', url),
      { id: 'again', type: 'if', config: { condition: `{{ $nodes.step.i < ${CYCLES} }}` } },
      setNode('end', { n: '{{ $trigger.n }}', i: '{{ $nodes.step.i }}' }),
    ],
    ['start -> step', 'step -> call', 'call -> again', 'again:true -> step', 'again:false -> end'],
  )
}

function loop(url: string): JsonObject {
  const definition = graph(
    [
      trigger,
      { id: 'each', type: 'loop', config: { items: ITEMS, concurrency: 2 } },
      httpNode('call', url),
      setNode('item', { v: '{{ $item }}' }),
      setNode('end', { n: '{{ $trigger.n }}', list: '{{ $nodes.each }}' }),
    ],
    ['start -> each', 'each:body -> call', 'call -> item', 'item -> each', 'each:done -> end'],
  )
  const edges = z.array(z.looseObject({ source: z.string() })).parse(definition['edges'])
  const back = edges.map((edge) => (edge.source === 'item' ? { ...edge, targetHandle: 'next' } : edge))
  return { ...definition, edges: z.json().parse(back) }
}

interface Expected {
  readonly output: unknown
  /** Idempotency keys behind the execution's id. */
  readonly keys: readonly string[]
}

const numbered = (count: number, toKey: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => toKey(index + 1))

export interface Kinds {
  readonly kinds: readonly Kind[]
  /** To be called when all have settled: the list has every execution that was looked at, and none of a webhook's twice. */
  readonly check: () => Promise<unknown>
}

/**
 * The kinds, over workflows that are made now.
 *
 * @param promise whose loss it is when an execution does not end as it should
 */
export async function prepareKinds(ground: Ground, promise: PromiseName): Promise<Kinds> {
  const ids: string[] = []
  const { ana, http, chance, ledger } = ground
  const url = (key: string): string => `${http.url}/echo/${key}`
  const end = setNode('end', { n: '{{ $trigger.n }}' })
  const calls = chain([trigger, ...['a', 'b', 'c'].map((id) => httpNode(id, url('calls'))), end])
  const callsId = await ana.createWorkflow(calls)
  const cycleId = await ana.createWorkflow(cycle(url('cycle')))
  const loopId = await ana.createWorkflow(loop(url('loop')))
  const waitNode = { id: 'pause', type: 'wait', config: { duration_ms: '{{ $trigger.ms }}' } }
  const waitId = await ana.createWorkflow(chain([trigger, waitNode, end]))
  const child = { id: 'sub', type: 'workflow', config: { workflow_id: callsId, inputs: { n: '{{ $trigger.n }}' } } }
  const parentId = await ana.createWorkflow(chain([trigger, child, end]))
  const hookNode = { id: 'hook', type: 'trigger.webhook', config: { auth: 'none', delivery_header: 'X-Delivery' } }
  const hookGraph = chain([hookNode, httpNode('a', url('hook')), setNode('end', { n: '{{ $trigger.body.n }}' })])
  const hook = await createHook(ground, hookGraph)
  const atOnce = await prepareAtOnce(ground, promise, ids)

  async function check(id: string, expected: Expected, httpKey?: string): Promise<void> {
    ids.push(id)
    const execution = await expectSound(ground, promise, id)
    const output = JSON.stringify(execution?.output)
    ledger.expect('P2', output === JSON.stringify(expected.output), () => `${id} put out ${output}`)
    if (httpKey === undefined) return
    const sent = http.requests(httpKey).map(({ headers }) => String(headers['idempotency-key']))
    const mine = new Set(sent.filter((key) => key.startsWith(id)))
    const wanted = expected.keys.map((key) => `${id}/${key}`)
    const isSame = mine.size === wanted.length && wanted.every((key) => mine.has(key))
    ledger.attacked('P6')
    ledger.expect('P6', isSame, () => `${id} sent ${[...mine].join(' ')}`)
  }

  /** A start over REST, with a key: what was answered holds, what was not is asked for again and is the same. */
  async function start(
    workflowId: string,
    n: number,
    inputs: object,
    settle: (id: string) => Promise<void>,
  ): Promise<Job> {
    const path = `/workflows/${workflowId}/execute`
    const [key, body] = [`job-${workflowId}-${n}`, { inputs: { n, ...inputs } }]
    const answer = await tryPost(ground, path, body, key)
    const accepted = Started.safeParse(answer?.status === 202 ? answer.body : undefined).data?.execution_id
    return {
      isAccepted: accepted !== undefined,
      async settle() {
        // What was accepted needs nobody who asks again.
        if (accepted !== undefined) await settle(accepted)
        const again = Started.parse((await post(ground, path, body, key)).body).execution_id
        ledger.attacked('P3')
        ledger.expect('P3', again === (accepted ?? again), () => `${key} made ${accepted} and ${again}`)
        if (accepted === undefined) await settle(again)
      },
    }
  }

  async function deliver(n: number): Promise<Job> {
    const send = async (): Promise<string | undefined> => {
      const headers = { 'Content-Type': 'application/json', 'X-Delivery': `delivery-${n}` }
      const init = { method: 'POST', headers, body: JSON.stringify({ n }) }
      const response = await fetch(hook.url, init).catch(() => undefined)
      const body: unknown = await response?.json().catch(() => undefined)
      return response?.status === 202 ? Started.parse(body).execution_id : undefined
    }
    const expected = { output: { n }, keys: ['a/1/1'] }
    const accepted = await send()
    return {
      isAccepted: accepted !== undefined,
      // Nobody repeats what was answered with 2xx; a sender repeats the rest.
      async settle() {
        const id = accepted ?? (await untilDelivered(send))
        await check(id, expected, 'hook')
      },
    }
  }

  async function wait(n: number): Promise<Job> {
    const ms = chance.pick(WAITS_MS)
    return start(waitId, n, { ms }, async (id) => {
      await check(id, { output: { n }, keys: [] })
      const [visit] = await visitsOf(ground, id, 'pause')
      const lasted = Date.parse(visit?.finished_at ?? '') - Date.parse(visit?.started_at ?? '')
      ledger.attacked('P4')
      ledger.expect('P4', lasted >= ms, () => `${id} waited ${lasted} ms, not ${ms}`)
    })
  }

  const kinds: Kind[] = [
    (n) => start(callsId, n, {}, (id) => check(id, { output: { n }, keys: ['a/1/1', 'b/1/1', 'c/1/1'] }, 'calls')),
    (n) =>
      start(cycleId, n, {}, (id) =>
        check(id, { output: { n, i: CYCLES }, keys: numbered(CYCLES, (i) => `call/${i}/1`) }, 'cycle'),
      ),
    (n) =>
      start(loopId, n, {}, (id) => {
        const list = ITEMS.map((v) => ({ v }))
        return check(id, { output: { n, list }, keys: numbered(ITEMS.length, (i) => `call/${i}/1`) }, 'loop')
      }),
    (n) => start(parentId, n, {}, (id) => check(id, { output: { n }, keys: [] })),
    wait,
    deliver,
    atOnce.kind,
    atOnce.kind,
  ]
  return { kinds, check: () => Promise.all([atOnce.check(), expectListed(ground, promise, ids)]) }
}

/** The list has every execution, as it ended: what actors owe to PostgreSQL has landed (P10). */
async function expectListed(ground: Ground, promise: PromiseName, ids: readonly string[]): Promise<void> {
  const missing = async (): Promise<Set<string>> => {
    const open = new Set(ids)
    for (let page = 1; ; page += 1) {
      const { items, pages } = Listed.parse(
        (await ground.ana.call(`/executions?status=completed&size=100&page=${page}`)).body,
      )
      for (const { id } of items) open.delete(id)
      if (page >= pages) return open
    }
  }
  await until(async () => ((await missing()).size === 0 ? true : undefined))
  const left = await missing()
  ground.ledger.expect(promise, left.size === 0, () => `not in the list as completed: ${[...left].join(' ')}`)
}

async function untilDelivered(send: () => Promise<string | undefined>): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const id = await send()
    if (id !== undefined) return id
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the webhook takes nothing')
}
