/**
 * One workspace floods the server while another one works. Times depend on the machine, so they are a ratio to the same
 * work on the calm server; that everything of the other one's is answered, none refused, does not.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Client, createClient, request } from '#tests/e2e/support/client'
import { chain, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { createHook, ended, type Ground, Started, tryPost, until } from './world.ts'

const LANES = 40
/** How much slower the other one's work may be, by the median; and what is no wait to anybody, also on a calm server. */
const MAX_RATIO = 15
const FREE_MS = 1_000

/** How exactly the end of a run is timed. */
const LOOK_MS = 20

const Total = z.object({ total: z.int() })

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

interface Times {
  readonly list: number[]
  readonly run: number[]
}

/** What a person does: looks at the list, starts an execution, waits for its end. Nothing of it is asked for twice. */
async function work(ground: Ground, workflow: string, times: number): Promise<Times> {
  const { ana, ledger } = ground
  const taken: Times = { list: [], run: [] }
  for (let time = 0; time < times; time += 1) {
    const list = await ana.call('/workflows?page=1&size=10').catch(() => undefined)
    ledger.expect('flood', list?.status === 200, () => `the list beside a flood: ${list?.status ?? 'no answer'}`)
    taken.list.push(list?.ms ?? 0)
    const began = performance.now()
    const answer = await tryPost(ground, `/workflows/${workflow}/execute`, { inputs: {} }, randomUUID())
    ledger.expect('flood', answer?.status === 202, () => `a start beside a flood: ${answer?.status ?? 'no answer'}`)
    if (answer?.status !== 202) continue
    const execution = await ended(ground, Started.parse(answer.body).execution_id, LOOK_MS)
    ledger.expect('flood', execution?.status === 'completed', () => `a run beside a flood is ${execution?.status}`)
    taken.run.push(performance.now() - began)
  }
  return taken
}

interface Flood {
  readonly name: string
  /** Sends one request; true when an execution was accepted. */
  send(): Promise<boolean>
  /** The workflow whose executions are to end. */
  readonly workflow?: string
}

const call = (http: Ground['http']) => chain([trigger, httpNode('call', `${http.url}/echo/flood`), setNode('end', {})])

async function floodByHand({ http }: Ground, rui: Ground): Promise<Flood> {
  const workflow = await rui.ana.createWorkflow(call(http))
  const send = async (): Promise<boolean> =>
    (await tryPost(rui, `/workflows/${workflow}/execute`, { inputs: {} }))?.status === 202
  return { name: 'starts', send, workflow }
}

async function floodByHook(_: Ground, rui: Ground): Promise<Flood> {
  const hook = { id: 'hook', type: 'trigger.webhook', config: { auth: 'none' } }
  const definition = chain([hook, setNode('end', { n: '{{ $trigger.body.n }}' })])
  const { workflowId: workflow, url } = await createHook(rui, definition)
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"n":1}' }
  const send = async (): Promise<boolean> => (await request(url, init).catch(() => undefined))?.status === 202
  return { name: 'webhooks', send, workflow }
}

async function floodByReading(_: Ground, { ana }: Ground): Promise<Flood> {
  const send = async (): Promise<boolean> => {
    await ana.call('/executions?page=1&size=100').catch(() => undefined)
    return false
  }
  return { name: 'lists', send }
}

/** All that was accepted of the flood has ended well too. */
async function expectEnded({ ana }: { ana: Client }, ledger: Ground['ledger'], workflow: string, accepted: number) {
  const path = `/executions?workflow_id=${workflow}&status=completed&size=1`
  const count = async (): Promise<number> => Total.parse((await ana.call(path)).body).total
  await until(async () => ((await count()) >= accepted ? true : undefined))
  const completed = await count()
  // More: what was started and could not be told to its sender.
  ledger.expect('flood', completed >= accepted, () => `${accepted} accepted in a flood, ${completed} completed`)
}

/** Measures the work alone, then beside each kind of flood, which lasts as long as the work does. */
export async function floodBeside(ground: Ground, times: number): Promise<void> {
  const { ana, http, ledger, server } = ground
  const workflow = await ana.createWorkflow(call(http))
  const rui = { ...ground, ana: await createClient(server.url) }
  await work(ground, workflow, 1)
  const alone = await work(ground, workflow, times)
  for (const prepare of [floodByHand, floodByHook, floodByReading]) {
    const flood = await prepare(ground, rui)
    const stop = new AbortController()
    let accepted = 0
    let sent = 0
    const lanes = Array.from({ length: LANES }, async () => {
      while (!stop.signal.aborted) {
        sent += 1
        if (await flood.send()) accepted += 1
      }
    })
    const beside = await work(ground, workflow, times)
    stop.abort()
    await Promise.all(lanes)
    ledger.attacked('flood', sent)
    if (flood.workflow !== undefined) await expectEnded(rui, ledger, flood.workflow, accepted)
    for (const name of ['list', 'run'] as const) {
      const [calm, now] = [median(alone[name]), median(beside[name])]
      const isFine = now <= Math.max(FREE_MS, MAX_RATIO * calm)
      ledger.expect('flood', isFine, () => `${name}: ${calm.toFixed(0)} ms, ${now.toFixed(0)} ms beside ${flood.name}`)
      ledger.note(
        'flood',
        `${flood.name}: ${name} ${calm.toFixed(0)} -> ${now.toFixed(0)} ms (${(now / calm).toFixed(1)} times), worst ${Math.max(...beside[name]).toFixed(0)}`,
      )
    }
    ledger.note('flood', `${sent} ${flood.name} sent, ${accepted} accepted`)
  }
}
