/** A webhook against the real server, as a system that calls it sees it. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { Trigger } from '#core/triggers/trigger'
import { newId } from '#lib/ids'
import { type Client, createClient } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, httpNode, setNode } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

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

async function hookOf(workflowId: string): Promise<Trigger> {
  await ana.call(`/workflows/${workflowId}/publish`, {})
  const { body } = await ana.call(`/workflows/${workflowId}/triggers`)
  const [hook] = z.object({ items: z.array(Trigger) }).parse(body).items
  if (hook === undefined) throw new Error('no trigger')
  return hook
}

/*  hook -> say -> call (held) -> end */
test('`respond` answers in the middle of a run, which goes on; a repeat is answered alike', async () => {
  const key = newId()
  const say = { id: 'say', type: 'respond', config: { status: 201, body: { order: '{{ $trigger.body.id }}' } } }
  const hook = { id: 'hook', type: 'trigger.webhook', config: { response: 'on_respond' } }
  const nodes = [hook, say, httpNode('call', `${http.url}/hold/${key}`), setNode('end', { ok: true })]
  const { url, secret } = await hookOf(await ana.createWorkflow(chain(nodes)))
  const body = JSON.stringify({ id: 42 })
  const id = newId()
  const deliver = () => {
    const at = String(Math.floor(Date.now() / 1000))
    const signer = createHmac('sha256', Buffer.from((secret ?? '').slice('whsec_'.length), 'base64'))
    const signature = `v1,${signer.update(`${id}.${at}.${body}`).digest('base64')}`
    const signed = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature }
    // The address is built of PUBLIC_URL; the server of the test listens elsewhere.
    const address = server.url + new URL(url ?? '').pathname
    return fetch(address, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...signed } })
  }
  const first = await deliver()
  expect([first.status, await first.json()]).toEqual([201, { order: 42 }])
  const executionId = first.headers.get('X-Execution-Id') ?? ''
  expect((await ana.execution(executionId)).status).toBe('running')
  const again = await deliver()
  expect([again.status, again.headers.get('X-Execution-Id')]).toEqual([201, executionId])
  await fetch(`${http.url}/control/release/${key}`)
  await expect.poll(async () => (await ana.execution(executionId)).status).toBe('completed')
  expect((await ana.execution(executionId)).output).toEqual({ ok: true })
})

test('a schedule rings by itself, never before its time', { timeout: 30_000 }, async () => {
  const clock = { id: 'clock', type: 'trigger.schedule', config: { interval_ms: 2_000 } }
  const workflowId = await ana.createWorkflow(chain([clock, setNode('end', { at: '{{ $trigger.scheduled_at }}' })]))
  await ana.call(`/workflows/${workflowId}/publish`, {})
  const Run = z.object({ created_at: z.string(), inputs: z.object({ scheduled_at: z.string() }) })
  const runs = async () => {
    const { body } = await ana.call(`/executions?workflow_id=${workflowId}&size=100`)
    return z.object({ items: z.array(Run) }).parse(body).items
  }
  await expect.poll(async () => (await runs()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)
  await ana.call(`/workflows/${workflowId}/unpublish`, {})
  const times = (await runs()).map(({ created_at, inputs }) => [
    Date.parse(created_at),
    Date.parse(inputs.scheduled_at),
  ])
  for (const [started = 0, scheduled = 0] of times) expect(started).toBeGreaterThanOrEqual(scheduled)
  const scheduled = times.map(([, time = 0]) => time).toSorted((a, b) => a - b)
  expect(new Set(scheduled).size).toBe(scheduled.length)
  for (const [index, time] of scheduled.entries()) expect(time).toBe((scheduled[0] ?? 0) + index * 2_000)
})
