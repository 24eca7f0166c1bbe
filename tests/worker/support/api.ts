/** Workflows and executions as a client of one account calls them, inside workerd. */
import { env, exports } from 'cloudflare:workers'
import { inject } from 'vitest'
import { z } from 'zod'
import { Execution, ExecutionFrame, NodeVisit } from '#core/workflow/execution'
import { isFinal } from '#core/workflow/run'
import { Workflow } from '#core/workflow/workflow'
import type { JsonObject } from '#lib/json'
import { type Answer, type Call, call } from '#tests/worker/auth/api'
import { createSession } from '#tests/worker/support/accounts'
import type { RecordedRequest } from './http-server.ts'

export const HTTP_URL = inject('httpUrl')
const POLL_MS = 10
const Started = z.object({ execution_id: z.uuid(), status: z.string(), websocket_url: z.url() })

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    total: z.int(),
    page: z.int(),
    size: z.int(),
    pages: z.int(),
  })
}

export interface Account {
  readonly token: string
  call(path: string, options?: Call): Promise<Answer>
  createWorkflow(definition: JsonObject, more?: JsonObject): Promise<Workflow>
  /** Starts a new workflow of this graph; the execution's id. */
  start(definition: JsonObject, inputs?: JsonObject): Promise<string>
  /** Starts a new workflow of this graph and waits for its end: without an actor, where it ends at once. */
  run(definition: JsonObject, inputs?: JsonObject): Promise<Execution>
  /** The same in an actor. */
  runInActor(definition: JsonObject, inputs?: JsonObject): Promise<Execution>
  execution(id: string): Promise<Execution>
  visits(id: string): Promise<NodeVisit[]>
  events(id: string, after?: number): Promise<ExecutionFrame[]>
}

/** A fresh account, logged in. */
export async function createAccount(): Promise<Account> {
  const { access_token: token } = await createSession()
  const own: Account['call'] = (path, options = {}) => call(path, { token, ...options })
  const get = async <T>(schema: z.ZodType<T>, path: string): Promise<T> => schema.parse((await own(path)).body)
  const execution: Account['execution'] = (id) => get(Execution, `/executions/${id}`)
  const start: Account['start'] = async (definition, inputs = {}) => {
    const { id } = await createWorkflow(definition)
    return Started.parse((await own(`/workflows/${id}/execute`, { json: { inputs } })).body).execution_id
  }
  const createWorkflow: Account['createWorkflow'] = async (definition, more = {}) =>
    Workflow.parse((await own('/workflows', { json: { name: 'Teste', definition, ...more } })).body)
  return {
    token,
    call: own,
    createWorkflow,
    start,
    async run(definition, inputs = {}) {
      const { id } = await createWorkflow(definition)
      return Execution.parse((await own(`/workflows/${id}/execute?wait=10`, { json: { inputs } })).body)
    },
    async runInActor(definition, inputs) {
      const id = await start(definition, inputs)
      let current = await execution(id)
      for (; !isFinal(current.status); current = await execution(id)) await scheduler.wait(POLL_MS)
      return current
    },
    execution,
    visits: async (id) => (await get(pageOf(NodeVisit), `/executions/${id}/nodes?size=100`)).items,
    events: async (id, after = 0) =>
      (await get(z.object({ items: z.array(ExecutionFrame) }), `/executions/${id}/events?after=${after}&limit=500`))
        .items,
  }
}

/** What the HTTP server of the tests was sent under this key. */
export async function requestsOf(key: string): Promise<readonly RecordedRequest[]> {
  return (await fetch(`${HTTP_URL}/control/requests/${key}`)).json()
}

/** Answers what the HTTP server of the tests holds under this key, now and later. */
export async function release(key: string): Promise<void> {
  await (await fetch(`${HTTP_URL}/control/release/${key}`)).body?.cancel()
}

/** The actor of an execution, for `cloudflare:test`. */
export function actorOf(executionId: string) {
  return env.WORKFLOW_RUN.getByName(executionId)
}

/** An upgrade request to the worker. */
export function upgrade(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return exports.default.fetch(
    new Request(`http://synapscale.test${path}`, { headers: { Upgrade: 'websocket', ...headers } }),
  )
}
