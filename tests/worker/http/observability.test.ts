import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { app } from '#http/app'
import { newId } from '#lib/ids'
import { createAccount, type Account, HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { chain, httpNode, trigger } from '#tests/worker/support/graphs'
import { readProblem, send } from './client.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`
const METRICS = { Authorization: 'Bearer metrics-only-for-tests' }

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
})

describe('/metrics', () => {
  test('is 401 without its token or with another', async () => {
    for (const headers of [undefined, { Authorization: 'Bearer x' }, { Authorization: `Bearer ${ana.token}` }]) {
      const answer = await send('/metrics', { headers })
      expect(answer.status).toBe(401)
      expect((await readProblem(answer)).code).toBe('not_authenticated')
    }
  })

  test('is not there where no token is set', async () => {
    const ctx = createExecutionContext()
    const request = new Request('http://localhost:8000/metrics', { headers: METRICS })
    expect((await app.fetch(request, { ...env, METRICS_TOKEN: undefined }, ctx)).status).toBe(404)
    await waitOnExecutionContext(ctx)
  })

  test('tells requests by route, executions, queues, the pool and each part', async () => {
    await ana.run(chain([trigger, { id: 'ask', type: 'llm', config: { model: 'demo/echo', prompt: 'um dois' } }]))
    await ana.run(chain([trigger, { id: 'ask', type: 'llm', config: { model: `${newId()}/echo`, prompt: 'x' } }]))
    await send(`/api/v1/workflows/${newId()}`)
    const answer = await send('/metrics', { headers: METRICS })
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const text = await answer.text()
    for (const line of [
      'http_requests_total{method="GET",route="/api/v1/workflows/:id",status="401"}',
      'http_request_seconds_bucket{method="POST",route="/api/v1/workflows/:id/execute",le="+Inf"}',
      'executions_finished_total{status="completed"}',
      'node_visits_total{type="trigger.manual",outcome="completed"}',
      'outbox_lag_seconds_count',
      'model_calls_total{provider="demo",outcome="completed"}',
      'model_calls_total{provider="other",outcome="failed"}',
      'model_tokens_total{provider="demo",direction="output"}',
      'queue_age_seconds{queue="executions"}',
      'queue_length{queue="file_triggers"}',
      'database_pool{state="busy"}',
      'up{part="database"} 1',
    ]) {
      expect(text).toContain(`synapscale_${line}`)
    }
    expect(text, 'no id is a label').not.toMatch(/[\da-f]{8}-[\da-f]{4}/)
  })
})

test('a request traces into the execution that it starts, and on into what that asks for', async () => {
  const key = newId()
  const { id } = await ana.createWorkflow(chain([trigger, httpNode('call', `${HTTP_URL}/script/${key}`)]))
  await ana.call(`/workflows/${id}/execute?wait=10`, { method: 'POST', headers: { traceparent: TRACEPARENT } })
  const [sent] = await requestsOf(key)
  expect(sent?.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-01$`))
  expect(sent?.headers['traceparent']).not.toBe(TRACEPARENT)
})

test('a workflow that names a traceparent of its own keeps it', async () => {
  const key = newId()
  const config = { url: `${HTTP_URL}/script/${key}`, headers: { traceparent: TRACEPARENT } }
  await ana.run(chain([trigger, { id: 'call', type: 'http.request', config }]))
  expect((await requestsOf(key))[0]?.headers['traceparent']).toBe(TRACEPARENT)
})

describe('Server-Timing', () => {
  test('tells who has shown a token how long PostgreSQL and all took', async () => {
    const { headers } = await ana.call('/workflows')
    expect(headers.get('Server-Timing')).toMatch(/^db;dur=\d+, total;dur=\d+$/)
  })

  test('tells nobody else: it could tell whether an account exists', async () => {
    const { headers } = await ana.call('/auth/forgot-password', { token: '', json: { email: 'x@example.com' } })
    expect(headers.get('Server-Timing')).toBeNull()
  })
})

test('the line of a request names request, trace, workspace and route, and nothing secret', async () => {
  const log = vi.spyOn(console, 'log')
  const secret = newId()
  await ana.call(`/workflows?search=${secret}`, {
    headers: { 'X-Request-Id': `req-${secret.slice(0, 8)}`, traceparent: TRACEPARENT },
  })
  await send(`/hooks/${secret}?key=${secret}`, { method: 'POST', body: secret })
  const written = (): string[] => log.mock.calls.flatMap(([text]) => String(text).split('\n'))
  // They are gathered for a moment.
  await expect.poll(written).toContainEqual(expect.stringContaining('"route":"/hooks/'))
  const lines = written()
  log.mockRestore()
  const own = lines.map((line) => JSON.parse(line)).find(({ request_id }) => request_id === `req-${secret.slice(0, 8)}`)
  expect(own).toMatchObject({
    level: 'info',
    trace_id: TRACE,
    workspace_id: expect.stringMatching(/^[\da-f-]{36}$/),
    method: 'GET',
    route: '/api/v1/workflows',
    status: 200,
  })
  expect(lines.join('\n')).not.toContain(secret)
  expect(lines.join('\n')).not.toContain(ana.token)
})
