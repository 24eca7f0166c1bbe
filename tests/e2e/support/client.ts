/** A client of the real server: REST by fetch, websockets by `ws`. */
import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { Execution, ExecutionFrame, NodeVisit } from '#core/workflow/execution'
import type { JsonObject } from '#lib/json'

const PASSWORD = 'securepassword'
const FINAL = new Set(['execution_completed', 'execution_failed', 'execution_cancelled'])
const Started = z.object({ execution_id: z.uuid(), status: z.string(), websocket_url: z.url() })
const Made = z.object({ id: z.uuid() })
const Login = z.object({ access_token: z.string() })

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly ms: number
}

export interface Watcher {
  readonly events: readonly ExecutionFrame[]
  /** Resolves with the last frame of the run. */
  readonly last: Promise<ExecutionFrame>
  readonly closed: Promise<number>
  until(holds: (frame: ExecutionFrame) => boolean): Promise<void>
  close(): void
}

export interface Client {
  readonly token: string
  call(path: string, body?: object, method?: string): Promise<Answer>
  createWorkflow(definition: JsonObject): Promise<string>
  /** Starts a new workflow of this graph; the execution's id. */
  start(definition: JsonObject, inputs?: JsonObject): Promise<string>
  execute(workflowId: string, inputs?: JsonObject): Promise<string>
  execution(id: string): Promise<Execution>
  visits(id: string): Promise<NodeVisit[]>
  events(id: string): Promise<ExecutionFrame[]>
  watch(id: string, after?: number): Watcher
}

export function isLast({ event_type }: Pick<ExecutionFrame, 'event_type'>): boolean {
  return FINAL.has(event_type)
}

/** One request; the body as JSON where it is. */
export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const began = performance.now()
  const response = await fetch(url, init)
  const text = await response.text()
  const body: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, headers: response.headers, body, ms: performance.now() - began }
}

function toInit(token: string | undefined, body: object | undefined, method: string): RequestInit {
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  }
  return { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
}

/** A fresh account of the server at this address, logged in. */
export async function createClient(base: string): Promise<Client> {
  const open = (path: string, body: object) => request(`${base}/api/v1${path}`, toInit(undefined, body, 'POST'))
  const email = `${randomUUID()}@example.com`
  await open('/auth/register', { email, password: PASSWORD, name: 'Ana' })
  const { access_token: token } = Login.parse((await open('/auth/login', { email, password: PASSWORD })).body)
  const call: Client['call'] = (path, body, method = body === undefined ? 'GET' : 'POST') =>
    request(`${base}/api/v1${path}`, toInit(token, body, method))
  const createWorkflow: Client['createWorkflow'] = async (definition) =>
    Made.parse((await call('/workflows', { name: 'Teste', definition })).body).id
  const execute: Client['execute'] = async (workflowId, inputs = {}) =>
    Started.parse((await call(`/workflows/${workflowId}/execute`, { inputs })).body).execution_id
  return {
    token,
    call,
    createWorkflow,
    execute,
    start: async (definition, inputs) => execute(await createWorkflow(definition), inputs),
    execution: async (id) => Execution.parse((await call(`/executions/${id}`)).body),
    visits: async (id) =>
      z.object({ items: z.array(NodeVisit) }).parse((await call(`/executions/${id}/nodes?size=100`)).body).items,
    events: async (id) =>
      z.object({ items: z.array(ExecutionFrame) }).parse((await call(`/executions/${id}/events?limit=500`)).body).items,
    watch: (id, after = 0) =>
      watch(`${base.replace('http', 'ws')}/api/v1/ws/execution/${id}?token=${token}&after=${after}`),
  }
}

function watch(url: string): Watcher {
  const socket = new WebSocket(url)
  const events: ExecutionFrame[] = []
  const last = Promise.withResolvers<ExecutionFrame>()
  const closed = Promise.withResolvers<number>()
  const looks = new Set<() => void>()
  socket.on('message', (data: Buffer) => {
    const frame = z
      .looseObject({ seq: z.int().optional(), type: z.string().optional() })
      .parse(JSON.parse(String(data)))
    if (frame.type === 'ping') socket.send('{"type":"pong"}')
    if (frame.seq === undefined) return
    const event = ExecutionFrame.parse(frame)
    events.push(event)
    if (isLast(event)) last.resolve(event)
    for (const look of looks) look()
  })
  // A server that is killed resets its connections: `close` tells it too.
  socket.on('error', () => undefined).on('close', (code) => closed.resolve(code))
  return {
    events,
    last: last.promise,
    closed: closed.promise,
    until: (holds) =>
      new Promise((found) => {
        const look = (): void => {
          if (events.some(holds)) found()
        }
        looks.add(look)
        look()
      }),
    close: () => socket.close(),
  }
}
