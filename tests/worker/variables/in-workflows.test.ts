import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Validation } from '#core/workflow/workflow'
import { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
import { newId } from '#lib/ids'
import type { Json, JsonObject } from '#lib/json'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, actorOf, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, httpNode, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'

const VALUE = 'sk-geheim-"1234"'

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const newKey = (): string => `K${newId().replaceAll('-', '')}`

async function define(more: JsonObject): Promise<string> {
  const key = newKey()
  expect((await ana.call('/variables', { json: { key, ...more } })).status).toBe(201)
  return key
}

const defineSecret = (hosts: string[] = [], value = VALUE) => define({ value, secret: true, hosts })

function call(path: string, config: JsonObject, data: JsonObject = {}): NodeSpec {
  return { id: 'call', type: 'http.request', config: { url: `${HTTP_URL}${path}`, ...config }, data }
}

/** Everything that anybody can read of a run. */
async function allOf(id: string): Promise<string> {
  return JSON.stringify([await ana.execution(id), await ana.visits(id), await ana.events(id)])
}

describe('$vars', () => {
  it('are the active plain variables, as they were at the start', async () => {
    const key = newId()
    const [region, off, secret] = [
      await define({ value: 'eu' }),
      await define({ value: 'x', is_active: false }),
      await defineSecret(),
    ]
    const fields = {
      region: `{{ $vars.${region} }}`,
      off: `{{ $vars.${off} ?? 'none' }}`,
      secret: `{{ $vars["${secret}"] ?? 'none' }}`,
    }
    const id = await ana.start(chain([trigger, httpNode('hold', `${HTTP_URL}/hold/${key}`), setNode('end', fields)]))
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    const { body } = await ana.call(`/variables?search=${region}`)
    const { items } = body as { items: { id: string }[] }
    await ana.call(`/variables/${items[0]?.id}`, { method: 'PATCH', json: { value: 'us' } })
    await release(key)
    await expect
      .poll(() => ana.execution(id))
      .toMatchObject({ status: 'completed', output: { region: 'eu', off: 'none', secret: 'none' } })
  })

  it('are known to the sandbox, and to workflows that a workflow starts', async () => {
    const region = await define({ value: 'eu' })
    const code: NodeSpec = { id: 'end', type: 'code', config: { code: `return $vars.${region}.toUpperCase()` } }
    const inner = await ana.createWorkflow(chain([trigger, code]))
    const sub: NodeSpec = { id: 'sub', type: 'workflow', config: { workflow_id: inner.id } }
    expect(await ana.run(chain([trigger, sub]))).toMatchObject({ status: 'completed', output: 'EU' })
  })

  it('that are too large together keep a run from starting', async () => {
    const bia = await createAccount()
    const keys = Array.from({ length: 33 }, (_, index) => `BIG_${index}`)
    for (const key of keys) await bia.call('/variables', { json: { key, value: 'x'.repeat(32 * 1024) } })
    const fields = Object.fromEntries(keys.map((key) => [key, `{{ $vars.${key}.length }}`]))
    const { id } = await bia.createWorkflow(chain([trigger, setNode('end', fields)]))
    const answer = await bia.call(`/workflows/${id}/execute`, { json: {} })
    expect(problemOf(answer)).toMatchObject({ status: 422, code: 'variables_too_large' })
  })
})

describe('$secrets', () => {
  it('reach the server, and nothing that anybody can read', async () => {
    const [key, name] = [newId(), await defineSecret(['127.0.0.1'])]
    const secret = `{{ $secrets.${name} }}`
    const execution = await ana.run(
      chain([
        trigger,
        call(`/mirror/${key}`, {
          method: 'POST',
          query: { q: secret },
          headers: { 'x-key': `Key ${secret}` },
          auth: { type: 'basic', username: 'ana', password: secret },
          body: { list: [secret] },
        }),
        setNode('end', { got: '{{ $input }}' }),
      ]),
    )
    expect(execution.status).toBe('completed')
    const [sent] = await requestsOf(key)
    expect(sent).toMatchObject({
      headers: { 'x-key': `Key ${VALUE}`, authorization: `Basic ${btoa(`ana:${VALUE}`)}` },
      body: JSON.stringify({ list: [VALUE] }),
    })
    expect(new URL(sent?.url ?? '', HTTP_URL).searchParams.get('q')).toBe(VALUE)
    expect(execution.output).toMatchObject({
      got: {
        url: `${HTTP_URL}/mirror/${key}?q=***`,
        body: { url: `/mirror/${key}?q=***`, headers: { 'x-key': 'Key ***' }, body: '{"list":["***"]}' },
      },
    })
    expect(await allOf(execution.id)).not.toMatch(/geheim|secret_[0-9a-f]{8}|YW5hOnNr/)
  })

  it('leave in the parts of a form, beside bytes, and in every page that is asked for', async () => {
    const [key, name] = [newId(), await defineSecret()]
    const secret = `{{ $secrets.${name} }}`
    const parts: Json = [
      { name: 'key', value: secret },
      { name: 'file', filename: 'a.bin', base64: Buffer.from([0, 65, 66]).toString('base64') },
    ]
    const form = { method: 'POST', body_type: 'multipart', body: parts }
    const sent = await ana.run(chain([trigger, call(`/mirror/${key}`, form), setNode('end', { got: '{{ $input }}' })]))
    expect(sent.status).toBe('completed')
    const [request] = await requestsOf(key)
    expect(request?.body).toContain(`name="key"\r\n\r\n${VALUE}\r\n`)
    expect(request?.body).toContain('\u0000AB')
    const paged = newId()
    const pagination = { type: 'next', path: 'next' }
    const all = { query: { of: 3, token: secret }, response_path: 'items', pagination }
    const list = await ana.run(chain([trigger, call(`/pages/${paged}`, all)]))
    expect(list.output).toMatchObject({ body: [1, 2, 3], pages: 3, has_more: false })
    const requests = await requestsOf(paged)
    for (const { url } of requests) expect(new URL(url, HTTP_URL).searchParams.get('token')).toBe(VALUE)
    // The second page fails at first: the next attempt asks for all of them again, each with the key that it had (P6).
    const ordinals = requests.map(({ headers }) => String(headers['idempotency-key']).split('/').at(-1))
    expect(ordinals).toEqual(['1', '2', '1', '2', '3'])
    expect(await allOf(list.id)).not.toMatch(/geheim|secret_[0-9a-f]{8}/)
  })

  it('are placeholders in the sandbox, which put them where they belong', async () => {
    const [key, name] = [newId(), await defineSecret()]
    const headers = {
      'x-key': `{{ ['Key', $secrets.${name}].join(' ') }}`,
      'x-looked-at': `{{ $secrets.${name}.startsWith('sk-') }}`,
    }
    const execution = await ana.run(chain([trigger, call(`/echo/${key}`, { headers })]))
    expect(execution.status).toBe('completed')
    const [sent] = await requestsOf(key)
    expect(sent).toMatchObject({ headers: { 'x-key': `Key ${VALUE}`, 'x-looked-at': 'false' } })
    expect(await allOf(execution.id)).not.toMatch(/geheim|secret_[0-9a-f]{8}/)
  })

  it('do not show when the server refuses and repeats them', async () => {
    const name = await defineSecret()
    const auth = { type: 'bearer', token: `{{ $secrets.${name} }}` }
    const execution = await ana.run(chain([trigger, call(`/mirror/${newId()}?status=418`, { auth })]))
    expect(execution).toMatchObject({
      status: 'failed',
      error: { status: 418, body: { headers: { authorization: 'Bearer ***' } } },
    })
    expect(await allOf(execution.id)).not.toContain('geheim')
  })

  it('bound to another host stop the node before anything leaves', async () => {
    const [key, name] = [newId(), await defineSecret(['api.example.com'])]
    const config = { headers: { 'x-key': `{{ $secrets.${name} }}` } }
    const execution = await ana.run(chain([trigger, call(`/echo/${key}`, config)]))
    expect(execution).toMatchObject({ status: 'failed', error: { code: 'outbound_secret_host' } })
    expect(execution.error?.message).toContain(name)
    expect(await requestsOf(key)).toEqual([])
  })

  it.each([
    ['does not exist', () => Promise.resolve('NOBODY')],
    ['is not active', () => define({ value: VALUE, secret: true, is_active: false })],
    ['is a plain variable', () => define({ value: VALUE })],
  ])('one that %s fails the node, with its name', async (_, make) => {
    const name = await make()
    const config = { headers: { 'x-key': `{{ $secrets.${name} }}` } }
    const execution = await ana.run(chain([trigger, call('/echo/x', config)]))
    expect(execution).toMatchObject({ status: 'failed', error: { code: 'secret_missing' } })
    expect(execution.error?.message).toContain(name)
  })

  it('of another workspace do not exist', async () => {
    const bia = await createAccount()
    await bia.call('/variables', { json: { key: 'OF_BIA', value: VALUE, secret: true } })
    const execution = await ana.run(chain([trigger, call('/echo/x', { headers: { x: '{{ $secrets.OF_BIA }}' } })]))
    expect(execution).toMatchObject({ error: { code: 'secret_missing' } })
  })

  it('stand only where they leave: anything else is a problem of the graph', async () => {
    const llm = { id: 'ask', type: 'llm', config: { model: 'demo/echo', prompt: 'Say {{ $secrets.A }}' } }
    const nodes = [trigger, setNode('end', { x: '{{ $secrets.A }}' }), llm, call('/{{ $secrets.A }}', { body: null })]
    const { id } = await ana.createWorkflow(chain(nodes))
    const { body } = await ana.call(`/workflows/${id}/validate`, { method: 'POST' })
    expect(Validation.parse(body).problems.map(({ code, path }) => [code, path])).toEqual([
      ['secret_not_here', '/data/config/fields/x'],
      ['secret_not_here', '/data/config/prompt'],
      ['secret_not_here', '/data/config/url'],
    ])
  })

  it('wait for PostgreSQL without using up an attempt', { timeout: 20_000 }, async () => {
    const [key, name] = [newId(), await defineSecret()]
    const data = { retry: { max_attempts: 1 } }
    const hold = httpNode('hold', `${HTTP_URL}/hold/${key}`)
    const node = call(`/echo/${key}-2`, { headers: { 'x-key': `{{ $secrets.${name} }}` } }, data)
    const id = await ana.start(chain([trigger, hold, node]))
    // oxlint-disable-next-line typescript/unbound-method -- called with its object below
    const { run } = PostgresPool.prototype
    vi.spyOn(PostgresPool.prototype, 'run').mockImplementation(function (this: PostgresPool, statements) {
      return statements.some(({ params }) => params.includes(name))
        ? Promise.resolve({ ok: false, error: { kind: 'unavailable', message: 'away' } })
        : run.call(this, statements)
    })
    await release(key)
    const visit = async () => (await ana.visits(id))[2]
    await expect.poll(visit).toMatchObject({ status: 'retrying', attempts: 1, error: { code: 'database_unavailable' } })
    await expect
      .poll(async () => (await ana.events(id)).filter(({ event_type }) => event_type === 'node_retrying').length, {
        timeout: 8_000,
      })
      .toBe(2)
    vi.restoreAllMocks()
    await expect
      .poll(
        async () => {
          await runDurableObjectAlarm(actorOf(id))
          return ana.execution(id)
        },
        { timeout: 10_000 },
      )
      .toMatchObject({ status: 'completed' })
    expect(await visit()).toMatchObject({ status: 'completed', attempts: 1, error: null })
    expect((await requestsOf(`${key}-2`))[0]).toMatchObject({ headers: { 'x-key': VALUE } })
  })
})
