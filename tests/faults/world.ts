/** What every attack is given: chance, a ledger, a server and a model to call out to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TriggerList } from '#core/triggers/trigger'
import { type Execution, type ExecutionFrame, NodeVisit } from '#core/workflow/execution'
import type { JsonObject } from '#lib/json'
import { type Answer, type Client, isLast, request } from '#tests/e2e/support/client'
import type { ScriptedModel } from '#tests/support/scripted-model'
import type { Chance } from '#tests/unit/core/random'
import type { HttpServer } from '#tests/worker/support/http-server'
import type { TestServer } from '#tests/support/server'
import type { Ledger, PromiseName } from './ledger.ts'
import { wordsEnv } from './words.ts'

/** How long something may take that must happen by itself: guard alarms ring within 5 s, on machines that are busy. */
export const END_MS = 60_000
const POLL_MS = 100
/** Of runs that end in their own time: many are looked for at once. */
const END_POLL_MS = 300
const END_STATUSES = new Set(['completed', 'failed', 'cancelled', 'timeout'])

export interface World {
  readonly chance: Chance
  readonly ledger: Ledger
  readonly http: HttpServer
  readonly model: ScriptedModel
}

/** A world with a server in it and somebody who has an account there. */
export interface Ground extends World {
  readonly server: TestServer
  readonly ana: Client
}

/** Attacks come faster than anybody may ask, and nodes and models are called where the attacks listen. */
export function serverEnv({ model }: Pick<World, 'model'>): Record<string, string> {
  return { OUTBOUND_ALLOW: '127.0.0.1', RATE_LIMIT_ENABLED: 'false', ...wordsEnv(model) }
}

export const Started = z.object({ execution_id: z.uuid() })

/** One POST with its key, whatever comes of it; undefined when the server died over it. */
export async function tryPost(ground: Ground, path: string, body: object, key?: string): Promise<Answer | undefined> {
  const headers = {
    Authorization: `Bearer ${ground.ana.token}`,
    'Content-Type': 'application/json',
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return request(`${ground.server.url}/api/v1${path}`, init).catch(() => undefined)
}

/** The same again until the server answers with something else than 503, within `END_MS`. */
export async function post(ground: Ground, path: string, body: object, key: string): Promise<Answer> {
  const deadline = performance.now() + END_MS
  for (;;) {
    const answer = await tryPost(ground, path, body, key)
    if (answer !== undefined && answer.status !== 503) return answer
    if (performance.now() > deadline) throw new Error(`${path} is not answered: ${answer?.status ?? 'no connection'}`)
    await sleep(POLL_MS)
  }
}

/** A published workflow that begins with a webhook, and where that listens. */
export async function createHook(
  { ana, server }: Ground,
  definition: JsonObject,
): Promise<{ readonly workflowId: string; readonly url: string }> {
  const workflowId = await ana.createWorkflow(definition)
  await ana.call(`/workflows/${workflowId}/publish`, {})
  const { items } = TriggerList.parse((await ana.call(`/workflows/${workflowId}/triggers`)).body)
  return { workflowId, url: server.url + new URL(items[0]?.url ?? '').pathname }
}

/** Polls until the value is there, within `END_MS`. A server that is away has nothing. */
export async function until<T>(
  read: () => Promise<T | undefined>,
  withinMs = END_MS,
  pollMs = POLL_MS,
): Promise<T | undefined> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await read().catch(() => undefined)
    if (value !== undefined || performance.now() > deadline) return value
    await sleep(pollMs)
  }
}

/** A client that asks again when the server has died over it, or is not ready yet. For what may be asked twice. */
export function patient(client: Client): Client {
  const again = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
    const found = await until(ask)
    if (found === undefined) throw new Error('the server does not answer any more')
    return found
  }
  return {
    ...client,
    call: (...args) =>
      again(async () => {
        const answer = await client.call(...args)
        return answer.status === 503 ? undefined : answer
      }),
    execution: (id) => again(() => client.execution(id)),
  }
}

/** The execution once it has ended; undefined when it does not. */
export function ended({ ana }: Ground, id: string, pollMs = END_POLL_MS): Promise<Execution | undefined> {
  const read = async (): Promise<Execution | undefined> => {
    const execution = await ana.execution(id)
    return END_STATUSES.has(execution.status) ? execution : undefined
  }
  return until(read, END_MS, pollMs)
}

/** All events of a run, read in pages. */
export async function allEvents({ ana }: Ground, id: string): Promise<ExecutionFrame[]> {
  const events: ExecutionFrame[] = []
  while (!events.some(isLast)) {
    const { body } = await ana.call(`/executions/${id}/events?limit=500&after=${events.at(-1)?.seq ?? 0}`)
    const { items } = z.object({ items: z.array(z.custom<ExecutionFrame>(isFrame)) }).parse(body)
    if (items.length === 0) break
    events.push(...items)
  }
  return events
}

function isFrame(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'seq' in value && 'event_type' in value
}

/** What is wrong with a finished run's events: gaps, several ends, a visit with two outcomes. */
export function findFlaws(events: readonly ExecutionFrame[]): { gaps: number; ends: number; twice: string[] } {
  const gaps = events.filter(({ seq }, index) => seq !== index + 1).length
  const outcomes = events
    .filter(({ event_type }) => event_type === 'node_completed' || event_type === 'node_failed')
    .map(({ node_id, data }) => JSON.stringify([node_id, data['visit']]))
  const twice = outcomes.filter((outcome, index) => outcomes.indexOf(outcome) !== index)
  return { gaps, ends: events.filter(isLast).length, twice }
}

/** The run when it has ended: as it should, once, with one outcome for each visit. Counts for P1, P2 and P5. */
export async function expectSound(
  ground: Ground,
  promise: PromiseName,
  id: string,
  status = 'completed',
): Promise<Execution | undefined> {
  const { ledger } = ground
  const execution = await ended(ground, id)
  ledger.expect(promise, execution?.status === status, () => `${id} is ${execution?.status ?? 'not found, or runs on'}`)
  if (execution === undefined) return undefined
  const { gaps, ends, twice } = findFlaws(await allEvents(ground, id))
  ledger.attacked('P2')
  ledger.expect('P2', ends === 1 && twice.length === 0, () => `${id}: ${ends} ends, twice ${twice.join(' ')}`)
  ledger.expect('P9', gaps === 0, () => `${id}: ${gaps} gaps in its events`)
  return execution
}

/** The visits of one node. */
export async function visitsOf({ ana }: Ground, id: string, nodeId: string): Promise<NodeVisit[]> {
  const { body } = await ana.call(`/executions/${id}/nodes?size=100&node_id=${nodeId}`)
  return z.object({ items: z.array(NodeVisit) }).parse(body).items
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error)
}
