import { beforeAll, describe, expect, it } from 'vitest'
import { Workflow } from '#core/workflow/workflow'
import { ImportAnswer } from '#core/workflow-file/import'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, graph, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const said = (config = {}): NodeSpec => ({ id: 'said', type: 'trigger.chat', config })
const post = (path: string, json = {}) => ana.call(path, { json })

describe('a workflow with `trigger.chat`', () => {
  it('is checked as those with other triggers are', async () => {
    const good = await ana.createWorkflow(
      graph([said(), { ...said(), id: 'too' }, setNode('a', {})], ['said -> a', 'too -> a']),
    )
    expect((await post(`/workflows/${good.id}/validate`)).body).toEqual({ valid: true, problems: [] })
    const bad = await ana.createWorkflow(chain([said({ history: 1_000 }), setNode('a', {})]))
    const problem = { code: 'bad_config', node_id: 'said', path: '/data/config/history' }
    expect((await post(`/workflows/${bad.id}/validate`)).body).toMatchObject({ valid: false, problems: [problem] })
    expect(await post(`/workflows/${bad.id}/publish`)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/definition/nodes/said/data/config/history' }] },
    })
    // What a person fills in when it runs cannot be evaluated for a message.
    const template = await ana.createWorkflow(chain([said({ history: '{{ 3 }}' })]))
    expect((await post(`/workflows/${template.id}/publish`)).status).toBe(422)
  })

  it('is shown among its triggers, paused where it is switched off', async () => {
    const { id } = await ana.createWorkflow(chain([said(), setNode('a', {})]))
    const triggers = async () => (await ana.call(`/workflows/${id}/triggers`)).body
    const shown = { kind: 'chat', node_id: 'said', url: null, secret: null, next_run_at: null }
    expect(await triggers()).toMatchObject({ items: [{ ...shown, status: 'draft' }] })
    await post(`/workflows/${id}/publish`)
    expect(await triggers()).toMatchObject({ items: [{ ...shown, status: 'live' }] })
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { is_active: false } })
    expect(await triggers()).toMatchObject({ items: [{ ...shown, status: 'paused' }] })
  })

  it('is copied, exported and imported with it', async () => {
    const definition = chain([said({ history: 5 }), setNode('a', {})])
    const { id } = await ana.createWorkflow(definition)
    const copy = Workflow.parse((await post(`/workflows/${id}/duplicate`)).body)
    const { body: file } = await ana.call(`/workflows/${id}/export?format=json`)
    const answer = await ana.call('/workflows/import', {
      body: JSON.stringify({ ...(file as object), slug: 'importado' }),
      headers: { 'Content-Type': 'application/json' },
    })
    expect(answer).toMatchObject({ status: 200 })
    const [imported] = ImportAnswer.parse(answer.body).items
    for (const one of [copy.id, imported?.id]) {
      const { nodes } = Workflow.parse((await ana.call(`/workflows/${one}`)).body).definition as { nodes: object[] }
      expect(nodes[0]).toMatchObject({ type: 'trigger.chat', data: { config: { history: 5 } } })
    }
  })

  it('is executed by hand with a message that is made up', async () => {
    const answer = { id: 'say', type: 'transform', config: { expression: '$trigger.message.content' } }
    const { id } = await ana.createWorkflow(chain([said(), answer]))
    const inputs = { message: { content: 'Oi' } }
    expect((await post(`/workflows/${id}/execute?wait=10`, { inputs })).body).toMatchObject({ output: 'Oi' })
    const both = await ana.createWorkflow(graph([trigger, said(), setNode('a', { n: 1 })], ['start -> a', 'said -> a']))
    expect((await post(`/workflows/${both.id}/execute?wait=10`)).body).toMatchObject({ output: { n: 1 } })
  })
})
