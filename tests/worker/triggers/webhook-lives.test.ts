import { beforeAll, describe, expect, it } from 'vitest'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, graph, setNode } from '#tests/worker/support/graphs'
import { createHook, deliver, hookNode, idOf, open, plainHook, readHook, send, triggersOf } from './support.ts'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

describe('publishing', () => {
  it('gives a test address at once; the live one works while published and active, and stays the same', async () => {
    const hook = await createHook(ana, plainHook(open({ response: 'on_finish' })), false)
    const path = `/workflows/${hook.workflowId}`
    const json = (order_id: number) => ({
      body: JSON.stringify({ order_id }),
      headers: { 'Content-Type': 'application/json' },
    })
    const live = async () => (await send(hook.url, json(1))).status
    expect(await live()).toBe(404)
    expect(await (await send(hook.testUrl, json(2))).json()).toEqual({ order: 2 })
    await ana.call(`${path}/publish`, { json: {} })
    expect(await live()).toBe(200)
    await ana.call(path, { method: 'PATCH', json: { is_active: false } })
    expect(await live()).toBe(404)
    expect(await triggersOf(ana, hook.workflowId)).toMatchObject([{ status: 'paused' }])
    await ana.call(path, { method: 'PATCH', json: { is_active: true } })
    expect(await live()).toBe(200)
    await ana.call(`${path}/unpublish`, { method: 'POST' })
    expect(await live()).toBe(404)
    await ana.call(`${path}/publish`, { json: {} })
    expect(await live()).toBe(200)
    expect(await readHook(ana, hook.workflowId)).toEqual(hook)
    await ana.call(path, { method: 'DELETE' })
    expect(await live()).toBe(404)
    expect((await send(hook.testUrl)).status).toBe(404)
  })

  it('runs what is published, the test address what is drafted', async () => {
    const say = (text: string) => chain([hookNode(open({ response: 'on_finish' })), setNode('end', { text })])
    const hook = await createHook(ana, say('publicado'))
    await ana.call(`/workflows/${hook.workflowId}`, { method: 'PATCH', json: { definition: say('rascunho') } })
    expect(await (await send(hook.url)).json()).toEqual({ text: 'publicado' })
    expect(await (await send(hook.testUrl)).json()).toEqual({ text: 'rascunho' })
  })

  it('is refused where settings of a trigger hang on a run', async () => {
    const { id } = await ana.createWorkflow(chain([hookNode({ auth: '{{ $vars.AUTH }}' })]))
    expect(await ana.call(`/workflows/${id}/publish`, { json: {} })).toMatchObject({
      status: 422,
      body: { code: 'workflow_invalid', errors: [{ pointer: '/definition/nodes/hook/data/config/auth' }] },
    })
  })
})

it('with more triggers than one workflow may have is refused', async () => {
  const hooks = Array.from({ length: 51 }, (_, n) => ({ ...hookNode(), id: `hook${n}` }))
  const { id } = await ana.createWorkflow(graph(hooks, []))
  const answer = await ana.call(`/workflows/${id}/publish`, { json: {} })
  expect(problemOf(answer)).toMatchObject({ status: 422, code: 'workflow_invalid', pointers: ['/definition'] })
})

describe('rotating', () => {
  it('ends the former secret, and the former addresses when asked', async () => {
    const hook = await createHook(ana, plainHook())
    const rotate = (json: object) => ana.call(`/workflows/${hook.workflowId}/triggers/hook/rotate`, { json })
    expect((await rotate({})).body).toMatchObject({ node_id: 'hook', url: hook.url })
    const second = await readHook(ana, hook.workflowId)
    expect(second.secret).not.toBe(hook.secret)
    expect((await deliver(hook)).status).toBe(401)
    expect((await deliver(second)).status).toBe(202)
    await rotate({ secret: false, url: true })
    const third = await readHook(ana, hook.workflowId)
    expect([third.secret, third.url === second.url]).toEqual([second.secret, false])
    expect((await deliver(second)).status).toBe(404)
    expect((await deliver(third)).status).toBe(202)
    expect((await ana.call('/audit?action=trigger.rotated')).body).toMatchObject({ total: 2 })
  })

  it('is for webhooks of this workspace', async () => {
    const hook = await createHook(ana, plainHook())
    const eva = await createAccount()
    const path = `/workflows/${hook.workflowId}/triggers`
    expect((await eva.call(path)).status).toBe(404)
    expect((await eva.call(`${path}/hook/rotate`, { json: {} })).status).toBe(404)
    expect((await ana.call(`${path}/end/rotate`, { json: {} })).status).toBe(404)
  })
})

describe('what is told of a webhook', () => {
  it('is when it fired last, and with what', async () => {
    const hook = await createHook(ana, plainHook())
    const id = await idOf(await deliver(hook))
    await expect
      .poll(() => triggersOf(ana, hook.workflowId))
      .toMatchObject([{ last_execution_id: id, last_fired_at: expect.any(String), next_run_at: null }])
  })
})
