/** Spans of the real server, handed to a collector that listens; and to one that does not. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient, request } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
const SpanBody = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string().regex(/^\d{19}$/),
  endTimeUnixNano: z.string().regex(/^\d{19}$/),
  attributes: z.array(Attribute),
})
const Made = z.object({ id: z.uuid() })
const Body = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(SpanBody) })) })),
})

const SCRIPT: readonly ScriptedReply[] = [
  { kind: 'tools', calls: [{ id: 'call_0', name: 'busca', input: {} }] },
  { kind: 'text', text: 'Achei.' },
]

let collector: HttpServer
let model: ScriptedModel
let server: TestServer

beforeAll(async () => {
  collector = await startHttpServer()
  model = await startScriptedModel((_, index) => SCRIPT[index] ?? { kind: 'error', status: 500 })
  server = await startServer({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/script/otel/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%3Db',
      OUTBOUND_ALLOW: '127.0.0.1',
      LLM_PROVIDERS: JSON.stringify([{ id: 'scripted', base_url: model.baseUrl }]),
    },
  })
})

afterAll(async () => {
  await server.remove()
  await collector.stop()
  await model.stop()
})

const allSpans = () =>
  collector
    .requests('otel')
    .flatMap(({ body }) => Body.parse(JSON.parse(body)).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap((scope) => scope.spans)
const spans = () => allSpans().filter(({ traceId }) => traceId === TRACE)

test('one trace holds the request, the execution and its nodes, each below the other', async () => {
  const ana = await createClient(server.url)
  const id = await ana.createWorkflow(chain([trigger, setNode('end', {})]))
  await request(`${server.url}/api/v1/workflows/${id}/execute?wait=10`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ana.token}`, traceparent: `00-${TRACE}-${PARENT}-01` },
  })
  await expect
    .poll(
      () =>
        spans()
          .map(({ name }) => name)
          .toSorted(),
      { timeout: 10_000 },
    )
    .toEqual(['POST /api/v1/workflows/:id/execute', 'execution', 'node set', 'node trigger.manual'].toSorted())
  const [asked, run, ...nodes] = [
    'POST /api/v1/workflows/:id/execute',
    'execution',
    'node set',
    'node trigger.manual',
  ].map((name) => spans().find((span) => span.name === name))
  expect(asked?.parentSpanId).toBe(PARENT)
  expect(run?.parentSpanId).toBe(asked?.spanId)
  for (const node of nodes) expect(node?.parentSpanId).toBe(run?.spanId)
  const sent = collector.requests('otel')[0]
  expect(sent).toMatchObject({ method: 'POST', url: '/script/otel/v1/traces', headers: { 'api-key': 'a=b' } })
  expect(
    collector
      .requests('otel')
      .map(({ body }) => body)
      .join(''),
  ).not.toContain(ana.token)
})

test('a turn of a chat is a trace of its own, with the calls of models in it', async () => {
  const ana = await createClient(server.url)
  const agent = Made.parse((await ana.call('/agents', { name: 'Bia', model: 'demo/echo' })).body)
  const chat = Made.parse((await ana.call('/chat', { agent_id: agent.id })).body)
  await ana.call(`/chat/${chat.id}/messages`, { content: 'um segredo' })
  const find = (name: string, key: string, value: string) =>
    allSpans().find(
      (span) =>
        span.name === name && span.attributes.some((one) => one.key === key && one.value['stringValue'] === value),
    )
  await expect.poll(() => find('turn', 'synapscale.chat_id', chat.id)).toBeDefined()
  const turn = find('turn', 'synapscale.chat_id', chat.id)
  expect(turn?.parentSpanId).toBeUndefined()
  expect(turn?.attributes).toContainEqual({ key: 'synapscale.status', value: { stringValue: 'completed' } })
  expect(turn?.attributes).toContainEqual({ key: 'synapscale.agent_id', value: { stringValue: agent.id } })
  const calls = allSpans().filter(({ name, traceId }) => name === 'chat' && traceId === turn?.traceId)
  expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual([turn?.spanId])
  expect(JSON.stringify(allSpans())).not.toContain('um segredo')
})

test('a tool is a span of its own, and what it asks others for carries the trace', async () => {
  const ana = await createClient(server.url)
  const tools = [{ type: 'http_request', name: 'busca', config: { url: `${collector.url}/script/tool` } }]
  const agent = Made.parse((await ana.call('/agents', { name: 'Bia', model: 'scripted/one', tools })).body)
  const chat = Made.parse((await ana.call('/chat', { agent_id: agent.id })).body)
  await ana.call(`/chat/${chat.id}/messages?wait=20`, { content: 'procure' })
  const [asked] = collector.requests('tool')
  const [, traceId = '', above] = String(asked?.headers['traceparent']).split('-')
  const inTurn = (name: string) => allSpans().find((span) => span.traceId === traceId && span.name === name)
  await expect.poll(() => inTurn('turn')).toBeDefined()
  expect(inTurn('turn')?.spanId).toBe(above)
  const told = inTurn('execute_tool busca')
  expect(told?.parentSpanId).toBe(above)
  expect(told?.attributes).toContainEqual({ key: 'gen_ai.tool.name', value: { stringValue: 'busca' } })
})

test('a collector that never answers delays and fails nothing', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = z.object({ port: z.number() }).parse(silent.address())
  const own = await startServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } })
  const ana = await createClient(own.url)
  const answers = await Promise.all(Array.from({ length: 400 }, () => ana.call('/workflows')))
  expect(
    Map.groupBy(answers, ({ status }) => status)
      .keys()
      .toArray(),
  ).toEqual([200])
  const id = await ana.start(chain([trigger, setNode('end', { ok: true })]))
  await expect.poll(() => ana.execution(id)).toMatchObject({ status: 'completed' })
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(4_000)
  await own.remove()
  silent.closeAllConnections()
  silent.close()
})
