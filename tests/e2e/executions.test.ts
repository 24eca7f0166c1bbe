/** The journey of the README against the real server: real sockets, real models' wire format, real refusals. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type Client, createClient, request } from '#tests/e2e/support/client'
import { openRawSocket } from '#tests/e2e/support/raw-socket'
import { startScriptedModel, type ScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

let http: HttpServer
let model: ScriptedModel
let server: TestServer
let ana: Client

beforeAll(async () => {
  http = await startHttpServer()
  model = await startScriptedModel([{ kind: 'text', text: 'Tudo certo.' }])
  server = await startServer({
    env: {
      OUTBOUND_ALLOW: '127.0.0.1',
      LLM_PROVIDERS: JSON.stringify([{ id: 'scripted', base_url: model.baseUrl, api_key: 'sk-test' }]),
    },
  })
  ana = await createClient(server.url)
})

afterAll(async () => {
  await server.remove()
  await model.stop()
  await http.stop()
})

const TEXT_FRAME = 1
const TICKS_PER_SECOND = 100

/** User and system time of a process, from `/proc/<pid>/stat`. */
function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/*  start -> call -> which -true-> ask -> end
 *                    \---false-> other        */
function journey(key: string, modelName: string) {
  return graph(
    [
      trigger,
      httpNode('call', `${http.url}/hold/${key}`),
      { id: 'which', type: 'if', config: { condition: '{{ $input.status == 200 }}' } },
      {
        id: 'ask',
        type: 'llm',
        config: { model: modelName, prompt: 'Resuma {{ $input.body.held }} para {{ $trigger.name }}' },
      },
      setNode('end', { said: '{{ $input.text }}', model: '{{ $nodes.ask.model }}' }),
      setNode('other', {}),
    ],
    ['start -> call', 'call -> which', 'which:true -> ask', 'ask -> end', 'which:false -> other'],
  )
}

test.each([
  ['demo/echo', /Resuma demo-echo para Ana/],
  ['scripted/tiny-1', /^Tudo certo\.$/],
])('a run is watched live to its end and read back, with %s', async (name, answer) => {
  const key = name.replace('/', '-')
  const id = await ana.start(journey(key, name), { name: 'Ana' })
  const watcher = ana.watch(id)
  await watcher.until(({ event_type, node_id }) => event_type === 'node_started' && node_id === 'call')
  expect(await ana.execution(id)).toMatchObject({ status: 'running' })
  await expect.poll(() => http.requests(key).length).toBe(1)
  http.release(key)

  expect(await watcher.last).toMatchObject({ event_type: 'execution_completed' })
  expect(watcher.events.map(({ seq }) => seq)).toEqual(watcher.events.map((_, index) => index + 1))
  expect(watcher.events).toEqual(await ana.events(id))
  const said = expect.stringMatching(answer)
  expect(await ana.execution(id)).toMatchObject({ status: 'completed', output: { said, model: name } })
  const visits = await ana.visits(id)
  expect(visits.map(({ node_id, status }) => [node_id, status])).toEqual(
    ['start', 'call', 'which', 'ask', 'end'].map((node) => [node, 'completed']),
  )
  expect(http.requests(key)[0]?.headers['idempotency-key']).toBe(`${id}/call/1/1`)
  const list = async () => (await ana.call('/executions?status=completed')).body
  await expect.poll(list).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
  watcher.close()
})

test('the model was asked in its wire format, under the key of the visit (P6)', () => {
  expect(model.requests).toHaveLength(1)
  expect(model.requests[0]).toMatchObject({
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer sk-test', 'idempotency-key': expect.stringMatching(/\/ask\/1\/1$/) },
    body: { model: 'tiny-1', messages: [{ role: 'user', content: 'Resuma scripted-tiny-1 para Ana' }] },
  })
})

test.each(['http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data', 'http://localhost:8000/', 'http://[::1]/'])(
  'http.request to %s fails, and says that the address is not allowed',
  async (url) => {
    const id = await ana.start(chain([trigger, httpNode('call', url)]))
    await expect.poll(async () => (await ana.execution(id)).status).toBe('failed')
    const { error } = await ana.execution(id)
    expect(error).toMatchObject({ code: 'outbound_not_allowed', node_id: 'call' })
    expect(await ana.visits(id)).toMatchObject([{}, { status: 'failed', attempts: 1 }])
  },
)

test('a refusal is told to a client that offers the subprotocol', async () => {
  const id = await ana.start(chain([trigger]))
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/execution/${id}`, ['bearer', 'x'])
  const code = await new Promise((closed) => socket.on('error', closed).on('close', closed))
  expect(code).toBe(4001)
})

/** Enough to queue at every stage; a flood takes minutes and proves the same. */
const AT_ONCE = 60

/** Comes back while the server is too busy, as it is told to; the execution's id. */
async function executeInTheEnd(workflow: string, n: number): Promise<string> {
  const headers = { Authorization: `Bearer ${ana.token}`, 'Idempotency-Key': `many-${n}` }
  for (;;) {
    const answer = await request(`${server.url}/api/v1/workflows/${workflow}/execute`, { method: 'POST', headers })
    if (answer.status !== 503) return z.object({ execution_id: z.uuid() }).parse(answer.body).execution_id
    await sleep(Number(answer.headers.get('Retry-After')) * 200)
  }
}

test('sixty executions at once are all accepted in the end, and end, each once', { timeout: 120_000 }, async () => {
  const workflow = await ana.createWorkflow(
    chain([trigger, httpNode('call', `${http.url}/echo/many`), setNode('end', {})]),
  )
  const ids = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => executeInTheEnd(workflow, n)))
  expect(new Set(ids).size).toBe(AT_ONCE)
  const completed = async () =>
    ((await ana.call(`/executions?workflow_id=${workflow}&status=completed`)).body as { total: number }).total
  await expect.poll(completed, { timeout: 90_000, interval: 500 }).toBe(AT_ONCE)
  const keys = http.requests('many').map(({ headers }) => headers['idempotency-key'])
  expect(new Set(keys).size).toBe(AT_ONCE)
  expect(keys).toHaveLength(AT_ONCE)
})

describe('a client that keeps to no rules', { timeout: 60_000 }, () => {
  const CLOSE_FRAME = 8
  const closeWith = (code: number): Buffer => Buffer.from([code >> 8, code & 0xff])

  test.each([0, 999, 1001, 1004, 1005, 1006, 1015, 2999, 5000, 65_535])('is let go with the code %i', async (code) => {
    const id = await ana.start(chain([trigger]))
    const socket = await openRawSocket(server.port, `/ws/execution/${id}?token=${ana.token}`)
    socket.send(CLOSE_FRAME, closeWith(code))
    await socket.ended
    expect(socket.received()).toContain('subscription_confirmed')
  })

  test('costs nothing when it never answers that its token has ended', async () => {
    const short = await startServer({ env: { JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '0.1' } })
    try {
      const rui = await createClient(short.url)
      const id = await rui.start(chain([trigger]))
      const socket = await openRawSocket(short.port, `/ws/execution/${id}?token=${rui.token}`)
      await expect.poll(() => socket.received(), { timeout: 15_000 }).toContain('token expired')
      socket.send(TEXT_FRAME, Buffer.from('{"type":"get_stats"}'))
      const before = cpuSecondsOf(short.pids().workerd)
      await sleep(3_000)
      expect(cpuSecondsOf(short.pids().workerd) - before).toBeLessThan(0.3)
      expect(socket.received()).not.toContain('stats_response')
      expect(short.output()).not.toMatch(/uncaught/i)
      socket.destroy()
    } finally {
      await short.remove()
    }
  })
})

test('nothing escaped into the log', () => {
  expect(server.output()).not.toMatch(/uncaught|unhandled|node_unexpected|alarm_failed|"level":"error"/i)
})
