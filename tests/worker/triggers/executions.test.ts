import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { judgeChain, MAX_CHAIN } from '#core/triggers/execution'
import { Execution, RunHeader } from '#core/workflow/execution'
import type { JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import { fireExecutionTriggers } from '#services/triggers/fire-execution'
import { type Account, actorOf, createAccount, pageOf } from '#tests/worker/support/api'
import { chain, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'
import { rowOf } from '#tests/worker/support/retire'
import { triggersOf } from './support.ts'

const failing: NodeSpec = { id: 'no', type: 'stop', config: { status: 'failed', message: 'no stock' } }
const listening = (config: JsonObject = {}) =>
  chain([{ id: 'ended', type: 'trigger.execution', config }, setNode('end', { got: '{{ $trigger }}' })])

/** Each in a workspace of its own: some listen to everything in theirs. */
let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

async function publish(account: Account, definition: JsonObject): Promise<string> {
  const { id } = await account.createWorkflow(definition)
  expect(await account.call(`/workflows/${id}/publish`, { json: {} })).toMatchObject({ status: 200 })
  return id
}

async function runsOf(account: Account, workflowId: string): Promise<Execution[]> {
  return pageOf(Execution).parse((await account.call(`/executions?workflow_id=${workflowId}&size=100`)).body).items
}

async function execute(account: Account, workflowId: string, inputs: JsonObject = {}): Promise<Execution> {
  return Execution.parse((await account.call(`/workflows/${workflowId}/execute?wait=10`, { json: { inputs } })).body)
}

/** The workflows that run because of one, all ended. */
async function settled(account: Account, workflowId: string, count: number): Promise<Execution[]> {
  await expect
    .poll(async () => (await runsOf(account, workflowId)).filter(({ finished_at }) => finished_at !== null).length, {
      timeout: 10_000,
    })
    .toBe(count)
  return runsOf(account, workflowId)
}

describe('the end of an execution', () => {
  it('starts what waits for it, which reads how it ended', async () => {
    const source = (await ana.createWorkflow(chain([trigger, setNode('v', { n: '{{ $trigger.n }}' })]))).id
    const listener = await publish(ana, listening({ workflow_id: source }))
    const ended = await execute(ana, source, { n: 7 })
    const [run] = await settled(ana, listener, 1)
    expect(run).toMatchObject({ status: 'completed', trigger: 'execution', version: 1 })
    expect(run?.output).toEqual({
      got: {
        type: 'execution',
        execution_id: ended.id,
        workflow_id: source,
        workflow_name: 'Teste',
        status: 'completed',
        output: { n: 7 },
        error: null,
        duration_ms: ended.duration_ms,
        finished_at: ended.finished_at,
      },
    })
    expect(await triggersOf(ana, listener)).toMatchObject([
      { kind: 'execution', status: 'live', url: null, secret: null, last_execution_id: run?.id, last_error: null },
    ])
  })

  it('of a failure starts what waits for failures, and nothing that is paused, drafted or waits for another', async () => {
    const source = (await ana.createWorkflow(chain([trigger, failing]))).id
    const other = (await ana.createWorkflow(chain([trigger]))).id
    const onFailure = await publish(ana, listening({ workflow_id: source, on: ['failed'] }))
    const onSuccess = await publish(ana, listening({ workflow_id: source, on: ['completed'] }))
    const elsewhere = await publish(ana, listening({ workflow_id: other }))
    const paused = await publish(ana, listening({ workflow_id: source }))
    await ana.call(`/workflows/${paused}`, { method: 'PATCH', json: { is_active: false } })
    const { id: drafted } = await ana.createWorkflow(listening({ workflow_id: source }))
    await execute(ana, source)
    const [run] = await settled(ana, onFailure, 1)
    expect(run?.output).toMatchObject({ got: { status: 'failed', output: null, error: { code: 'stopped' } } })
    for (const id of [onSuccess, elsewhere, paused, drafted]) expect(await runsOf(ana, id)).toEqual([])
  })

  it('starts one execution for each trigger, also when it is told again after a crash', async () => {
    const source = (await ana.createWorkflow(chain([trigger]))).id
    const listener = await publish(ana, listening({ workflow_id: source }))
    const ended = await execute(ana, source)
    const [run] = await settled(ana, listener, 1)
    await evictDurableObject(actorOf(run?.id ?? ''))
    const row = await rowOf(ended.id)
    const header = RunHeader.parse({
      executionId: ended.id,
      workspaceId: row?.workspace_id,
      workflowId: source,
      workflowName: 'Teste',
      version: 1,
      trigger: 'manual',
      createdBy: null,
      createdAt: 1,
    })
    await Promise.all([1, 2, 3].map(() => fireExecutionTriggers(env, header, { ...ended, large: [] })))
    expect(await runsOf(ana, listener)).toHaveLength(1)
  })

  it('is owed until it is told: a crash in between loses nothing', async () => {
    const signal = { id: 'go', type: 'signal', config: { name: 'go' } }
    const source = (await ana.createWorkflow(chain([trigger, signal]))).id
    const listener = await publish(ana, listening({ workflow_id: source }))
    const { body } = await ana.call(`/workflows/${source}/execute`, { json: {} })
    const { execution_id: id } = body as { execution_id: string }
    await ana.call(`/executions/${id}/signals/go`, { json: {} })
    await abortAllDurableObjects()
    await expect.poll(async () => (await ana.execution(id)).status).toBe('completed')
    await runInDurableObject(actorOf(id), () => undefined)
    await settled(ana, listener, 1)
  })

  it('is nobody else’s: an id of another workspace is refused, and never heard of', async () => {
    const bia = await createAccount()
    const foreign = (await bia.createWorkflow(chain([trigger]))).id
    const { id } = await ana.createWorkflow(listening({ workflow_id: foreign }))
    expect(await ana.call(`/workflows/${id}/publish`, { json: {} })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/definition/nodes/ended/data/config/workflow_id' }] },
    })
    const any = await publish(ana, listening())
    await execute(bia, foreign)
    expect(await runsOf(ana, any)).toEqual([])
    await ana.call(`/workflows/${any}`, { method: 'DELETE' })
  })
})

describe('no end', () => {
  it('starts its own workflow, nor one that it came from', async () => {
    const eva = await createAccount()
    const first = await publish(eva, chain([trigger]))
    const second = await publish(eva, listening({ workflow_id: first }))
    const graph = { ...listening({ workflow_id: second }) }
    await eva.call(`/workflows/${first}`, { method: 'PATCH', json: { definition: graph } })
    await eva.call(`/workflows/${first}/publish`, { json: {} })
    await execute(eva, first)
    await settled(eva, second, 1)
    await expect.poll(async () => (await triggersOf(eva, first))[0]?.last_error).toBe('trigger_loop')
    expect(await runsOf(eva, first)).toHaveLength(1)
  })

  it('of what began because of another execution is for those who listen to any', async () => {
    const eva = await createAccount()
    const source = (await eva.createWorkflow(chain([trigger]))).id
    const sub = { id: 'sub', type: 'workflow', config: { workflow_id: source } }
    const above = (await eva.createWorkflow(chain([trigger, sub]))).id
    const listeners = [await publish(eva, listening()), await publish(eva, listening())]
    await execute(eva, above)
    for (const id of listeners) {
      const [run] = await settled(eva, id, 1)
      expect(run?.output).toMatchObject({ got: { workflow_id: above } })
    }
    // Each listens to any, and so to the other, and to the child.
    await scheduler.wait(300)
    for (const id of listeners) expect(await runsOf(eva, id)).toHaveLength(1)
  })

  it('comes behind too many others', () => {
    const workflows = Array.from({ length: MAX_CHAIN + 1 }, () => newId())
    expect(judgeChain(workflows.slice(1), newId())).toBeUndefined()
    expect(judgeChain(workflows, newId())).toBe('trigger_chain_too_long')
    expect(judgeChain(workflows, workflows[3] ?? '')).toBe('trigger_loop')
  })
})
