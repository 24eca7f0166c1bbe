import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/json'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Account
let foreign: string
let own: string

beforeAll(async () => {
  ana = await createAccount()
  const bia = await createAccount()
  foreign = (await bia.createWorkflow(chain([trigger]))).id
  own = (await ana.createWorkflow(chain([trigger, setNode('v', { draft: 1 })]))).id
})

const sub = (workflowId: string): NodeSpec => ({ id: 'sub', type: 'workflow', config: { workflow_id: workflowId } })
const post = (path: string, json: JsonObject = {}) => ana.call(path, { json })

describe('the id of a workflow in a graph', () => {
  it('of another workspace is told by validate, and refused when published and executed', async () => {
    const definition = chain([trigger, sub(foreign)], { error_workflow_id: foreign })
    // A draft may have problems.
    const { id } = await ana.createWorkflow(definition)
    expect((await post(`/workflows/${id}/validate`)).body).toMatchObject({
      valid: false,
      problems: [
        { code: 'unknown_workflow', node_id: null, path: '/settings/error_workflow_id' },
        { code: 'unknown_workflow', node_id: 'sub', path: '/data/config/workflow_id' },
      ],
    })
    for (const verb of ['publish', 'execute']) {
      expect(await post(`/workflows/${id}/${verb}`)).toMatchObject({
        status: 422,
        body: {
          code: 'workflow_invalid',
          errors: [
            { pointer: '/definition/settings/error_workflow_id' },
            { pointer: '/definition/nodes/sub/data/config/workflow_id' },
          ],
        },
      })
    }
  })

  it('of the own workspace is fine, however it is spelled', async () => {
    const { id } = await ana.createWorkflow(chain([trigger, sub(own.toUpperCase())], { error_workflow_id: own }))
    expect((await post(`/workflows/${id}/validate`)).body).toEqual({ valid: true, problems: [] })
    expect((await post(`/workflows/${id}/execute?wait=10`)).body).toMatchObject({ status: 'completed' })
  })
})

it('a sub-workflow runs as it was published, and as a draft while it never was', async () => {
  const runSub = async () => (await ana.run(chain([trigger, sub(own)]))).output
  expect(await runSub()).toEqual({ draft: 1 })
  await post(`/workflows/${own}/publish`)
  await ana.call(`/workflows/${own}`, {
    method: 'PUT',
    json: { definition: chain([trigger, setNode('v', { draft: 2 })]) },
  })
  expect(await runSub()).toEqual({ draft: 1 })
  await post(`/workflows/${own}/publish`)
  expect(await runSub()).toEqual({ draft: 2 })
})
