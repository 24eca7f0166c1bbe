import { beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#lib/ids'
import { type Account, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { createHook, deliver, hookNode, idOf, open, plainHook, send, sign, triggersOf } from './support.ts'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const outputOf = (id: string) => expect.poll(async () => (await ana.execution(id)).output)

describe('a signed delivery', () => {
  it('starts the published version, durable before the 202, and nobody in particular did it', async () => {
    const hook = await createHook(ana, plainHook())
    const answer = await deliver(hook)
    expect(answer.status).toBe(202)
    const id = await idOf(answer)
    await outputOf(id).toEqual({ order: 7 })
    expect(await ana.execution(id)).toMatchObject({ trigger: 'webhook', version: 1, workflow_id: hook.workflowId })
  })

  it('is refused with a wrong signature, another body, an old or future moment, or none of it', async () => {
    const hook = await createHook(ana, plainHook())
    const late = Date.now() - 6 * 60_000
    const good = sign(hook.secret, { body: '{}' })
    const attempts = [
      deliver(hook, { headers: { 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` } }),
      deliver(hook, { headers: { 'webhook-signature': 'v1a,x v2,y v1,' } }),
      deliver(hook, { at: late }),
      deliver(hook, { at: Date.now() + 6 * 60_000 }),
      deliver({ ...hook, secret: `whsec_${Buffer.alloc(32).toString('base64')}` }),
      deliver(hook, { headers: { 'webhook-timestamp': 'NaN' } }),
      send(hook.url, { body: '{"other":1}', headers: good }),
      send(hook.url, { body: '{}' }),
    ]
    for (const answer of await Promise.all(attempts)) {
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ code: 'hook_unauthorized' })
    }
    expect((await ana.call(`/executions?workflow_id=${hook.workflowId}`)).body).toMatchObject({ total: 0 })
  })

  it('may carry several signatures, of which one must hold', async () => {
    const hook = await createHook(ana, plainHook())
    const id = newId()
    const { 'webhook-signature': right = '' } = sign(hook.secret, { id, body: '{"order_id":7}' })
    const answer = await deliver(hook, { id, headers: { 'webhook-signature': `v1,AAAA ${right}` } })
    expect(answer.status).toBe(202)
  })

  it('a hundred times at once starts one execution (P3)', async () => {
    const hook = await createHook(ana, plainHook())
    const id = newId()
    const answers = await Promise.all(Array.from({ length: 100 }, () => deliver(hook, { id })))
    const ids = new Set(await Promise.all(answers.map(idOf)))
    expect(ids.size).toBe(1)
    expect((await deliver(hook)).status).toBe(202)
    await expect
      .poll(async () => (await ana.call(`/executions?workflow_id=${hook.workflowId}`)).body)
      .toMatchObject({ total: 2 })
  })
})

describe('other ways in', () => {
  it('a bearer token: this one and no other', async () => {
    const { url, secret } = await createHook(ana, plainHook({ auth: 'bearer' }))
    const call = (token: string) => send(url, { headers: { Authorization: `Bearer ${token}` } })
    expect((await call(secret)).status).toBe(202)
    expect((await call(`${secret}x`)).status).toBe(401)
    expect((await send(url)).status).toBe(401)
  })

  it('none, when the owner says so: the address is all, and there is no secret', async () => {
    const { url, workflowId } = await createHook(ana, plainHook(open()))
    expect((await send(url)).status).toBe(202)
    expect(await triggersOf(ana, workflowId)).toMatchObject([{ kind: 'webhook', status: 'live', secret: null }])
  })

  it('an unknown, cut or changed address is a 404, and so is a test address for the live one', async () => {
    const { url, testUrl } = await createHook(ana, plainHook(open()))
    const changed = url.slice(0, -2) + (url.endsWith('AA') ? 'BA' : 'AA')
    for (const other of [changed, url.slice(0, -1), `${url}A`, testUrl.replace('/test/', '/')]) {
      const answer = await send(other)
      expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'not_found' })])
    }
  })

  it('another method is a 405 that names the right ones', async () => {
    const { url } = await createHook(ana, plainHook(open({ methods: ['POST', 'PUT'] })))
    expect((await send(url, { method: 'PUT' })).status).toBe(202)
    const refused = await send(url, { method: 'GET' })
    expect([refused.status, refused.headers.get('Allow')]).toEqual([405, 'POST, PUT'])
  })
})

describe('what nodes read in $trigger', () => {
  const seen = async (config: object, path: string, init: RequestInit) => {
    const { url } = await createHook(ana, chain([hookNode({ auth: 'none', response: 'on_finish', ...config })]))
    return (await send(`${url}${path}`, init)).json()
  }

  it('is the request without what is private', async () => {
    const headers = { 'Content-Type': 'application/json', 'X-Kind': 'order', Cookie: 'a=b', Authorization: 'Bearer x' }
    const got = await seen({ raw_body: true }, '?a=1&a=2&b=3', { body: '{ "n": 1 }', headers })
    expect(got).toMatchObject({
      type: 'webhook',
      test: false,
      method: 'POST',
      query: { a: ['1', '2'], b: '3' },
      headers: { 'x-kind': 'order' },
      body: { n: 1 },
      body_type: 'json',
      raw_body: '{ "n": 1 }',
      received_at: expect.stringMatching(/Z$/),
    })
    expect(JSON.stringify(got)).not.toMatch(/cookie|authorization/i)
  })

  it('has forms as fields, text as text, anything else as base64, and nothing as null', async () => {
    const form = new FormData()
    form.append('name', 'Ana')
    form.append('doc', new File(['oi'], 'a.txt', { type: 'text/plain' }))
    expect(await seen({}, '', { body: form })).toMatchObject({
      body: { name: 'Ana', doc: { filename: 'a.txt', content_type: 'text/plain', size: 2, base64: btoa('oi') } },
    })
    expect(await seen({}, '', { body: new URLSearchParams('a=1&b=2') })).toMatchObject({ body: { a: '1', b: '2' } })
    expect(await seen({}, '', { body: 'olá' })).toMatchObject({ body: 'olá', body_type: 'text' })
    expect(await seen({}, '', { body: new Uint8Array([0, 255]) })).toMatchObject({ body: 'AP8=', body_type: 'base64' })
    expect(await seen({}, '', {})).toMatchObject({ body: null, body_type: 'none' })
  })

  it('is refused when it is no JSON, too deep or too large', async () => {
    const { url } = await createHook(ana, plainHook(open()))
    const json = (body: string) => send(url, { body, headers: { 'Content-Type': 'application/json' } })
    expect((await json('{')).status).toBe(400)
    expect((await json('['.repeat(200) + ']'.repeat(200))).status).toBe(422)
    expect((await send(url, { body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413)
    expect((await send(url, { body: new Uint8Array(900_000) })).status).toBe(413)
  })
})

describe('the answer', () => {
  it('is what `respond` says, and the run goes on afterwards', async () => {
    const key = newId()
    const respond = {
      id: 'say',
      type: 'respond',
      config: {
        status: 201,
        headers: { 'X-Mine': 'sim', 'Set-Cookie': 'a=b', 'Content-Security-Policy': 'default-src *' },
        body: { got: '{{ $trigger.body.order_id }}' },
      },
    }
    const nodes = [hookNode({ response: 'on_respond' }), respond, httpNode('slow', `${HTTP_URL}/hold/${key}`)]
    const hook = await createHook(ana, chain(nodes))
    const answer = await deliver(hook)
    expect(answer.status).toBe(201)
    expect(await answer.json()).toEqual({ got: 7 })
    expect(answer.headers.get('X-Mine')).toBe('sim')
    expect(answer.headers.get('Set-Cookie')).toBeNull()
    expect(answer.headers.get('Content-Security-Policy')).toBe("sandbox; default-src 'none'")
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff')
    const id = answer.headers.get('X-Execution-Id') ?? ''
    expect(await ana.execution(id)).toMatchObject({ status: 'running' })
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    await release(key)
    await expect.poll(async () => (await ana.execution(id)).status).toBe('completed')
  })

  it('is the output of the execution, or 202 when that takes too long', async () => {
    const key = newId()
    const quick = await createHook(ana, plainHook(open({ response: 'on_finish' })))
    const headers = { 'Content-Type': 'application/json' }
    const done = await send(quick.url, { body: '{"order_id":9}', headers })
    expect([done.status, await done.json()]).toEqual([200, { order: 9 }])
    const nodes = [
      hookNode(open({ response: 'on_finish', timeout_ms: 200 })),
      httpNode('slow', `${HTTP_URL}/hold/${key}`),
    ]
    const late = await send((await createHook(ana, chain(nodes))).url)
    expect([late.status, await late.json()]).toEqual([202, { execution_id: expect.any(String), status: 'running' }])
    await release(key)
  })

  it('tells nothing of a failure but that there was one', async () => {
    const stop = { id: 'stop', type: 'stop', config: { status: 'failed', message: 'segredo interno' } }
    for (const response of ['on_respond', 'on_finish']) {
      const { url } = await createHook(ana, chain([hookNode(open({ response })), stop]))
      const answer = await send(url)
      expect(answer.status).toBe(500)
      expect(await answer.json()).toEqual({ execution_id: expect.any(String), status: 'failed' })
    }
  })

  it('to a repeated delivery is the same again', async () => {
    const respond = { id: 'say', type: 'respond', config: { body: '{{ $execution.id }}' } }
    const hook = await createHook(ana, chain([hookNode({ response: 'on_respond' }), respond]))
    const id = newId()
    const first = await (await deliver(hook, { id })).text()
    expect(await (await deliver(hook, { id })).text()).toBe(first)
  })
})

describe('a workflow with several triggers', () => {
  it('begins only at the one that fired, and by hand at the manual one', async () => {
    const nodes = [
      trigger,
      hookNode(open({ response: 'on_finish' })),
      setNode('a', { by: 'hand' }),
      setNode('b', { by: 'hook' }),
    ]
    const { url, workflowId } = await createHook(ana, graph(nodes, ['start -> a', 'hook -> b']))
    expect(await (await send(url)).json()).toEqual({ by: 'hook' })
    const { body } = await ana.call(`/workflows/${workflowId}/execute?wait=10`, { json: {} })
    expect(body).toMatchObject({ output: { by: 'hand' } })
  })

  it('joins what only the fired one can deliver', async () => {
    const nodes = [trigger, hookNode(open({ response: 'on_finish' })), setNode('both', { ok: true })]
    const { url } = await createHook(ana, graph(nodes, ['start -> both', 'hook -> both']))
    expect(await (await send(url)).json()).toEqual({ ok: true })
  })
})
