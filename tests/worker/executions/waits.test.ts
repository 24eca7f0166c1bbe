import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { workflowRun } from '#actors'
import { sealedId } from '#auth/sealed-id'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import type { JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import { type Account, actorOf, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast } from '#tests/worker/support/socket'

const YEAR_MS = 365 * 24 * 3_600_000

let ana: Account
let workspaceId: string

beforeAll(async () => {
  ana = await createAccount()
  const { id } = await ana.createWorkflow(chain([trigger]))
  const db = connect(env)
  const { workflows } = db.tables
  const [row] = await db.select({ id: workflows.workspace_id }).from(workflows).where(eq(workflows.id, id))
  workspaceId = row?.id ?? ''
})

afterEach(() => {
  vi.restoreAllMocks()
})

const wait = (config: JsonObject): NodeSpec => ({ id: 'pause', type: 'wait', config })
const approval: NodeSpec = { id: 'ok', type: 'approval', config: { title: 'Order' } }
const signal: NodeSpec = { id: 'paid', type: 'signal', config: { name: 'paid' } }
const end = setNode('end', { got: '{{ $input }}' })

const statusOf = (id: string) => expect.poll(async () => (await ana.execution(id)).status)
/** A stub is of no use after its actor was aborted: a fresh one each time. */
const runOf = (id: string) => workflowRun(env, id)
const alarmOf = (id: string) => runInDurableObject(actorOf(id), (_, state) => state.storage.getAlarm())

async function startWaiting(definition: JsonObject, inputs: JsonObject = {}): Promise<string> {
  const id = await ana.start(definition, inputs)
  await statusOf(id).toBe('waiting')
  return id
}

/** The execution that a run waits for. */
async function childOf(id: string): Promise<string> {
  await statusOf(id).toBe('waiting')
  const waits = (await runOf(id).waits(workspaceId)) ?? []
  const child = waits[0]?.wait['execution_id']
  if (typeof child !== 'string') throw new Error('it waits for no execution')
  return child
}

describe('a run that waits', () => {
  it('has one alarm, for its moment, and is listed as waiting', async () => {
    const id = await startWaiting(chain([trigger, wait({ duration_ms: YEAR_MS }), end]))
    await expect
      .poll(async () => (await ana.call('/executions?status=waiting')).body)
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    // What was owed to the list is delivered: nothing but the wait is left.
    await runDurableObjectAlarm(actorOf(id))
    expect((await alarmOf(id)) ?? 0).toBeGreaterThan(Date.now() + YEAR_MS - 60_000)
    expect(await ana.visits(id)).toMatchObject([{}, { node_id: 'pause', status: 'waiting', finished_at: null }])
    expect((await ana.call(`/executions/${id}/cancel`, { method: 'POST' })).status).toBe(200)
    // Nothing to do until its actor is emptied.
    await expect.poll(async () => ((await alarmOf(id)) ?? 0) > Date.now() + 60_000).toBe(true)
  })

  it('goes on by itself after an eviction, never early (P4)', async () => {
    const id = await startWaiting(chain([trigger, wait({ duration_ms: 1_200 }), end]))
    await runDurableObjectAlarm(actorOf(id))
    expect((await ana.execution(id)).status).toBe('waiting')
    await evictDurableObject(actorOf(id))
    await statusOf(id).toBe('completed')
    const [, waited] = await ana.visits(id)
    const ms = Date.parse(waited?.finished_at ?? '') - Date.parse(waited?.started_at ?? '')
    expect(ms).toBeGreaterThanOrEqual(1_200)
    expect((await ana.events(id)).filter(isLast)).toHaveLength(1)
  })

  it('outlives an alarm handler that throws (P5)', { timeout: 30_000 }, async () => {
    const id = await startWaiting(chain([trigger, wait({ duration_ms: 700 }), end]))
    await runInDurableObject(actorOf(id), (_, state) => {
      vi.spyOn(state.storage, 'transactionSync').mockImplementation(() => {
        throw new Error('the disk is full')
      })
    })
    await expect
      .poll(async () => (await ana.call('/executions?status=completed')).body, { timeout: 25_000 })
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
  })
})

describe('a signal', () => {
  it('goes to the run that waits for it, once, also across an eviction', async () => {
    const id = await startWaiting(chain([trigger, signal, end]))
    await evictDurableObject(actorOf(id))
    const paid = { id: 'one', name: 'paid', key: null, body: { amount: 3 } }
    expect(await runOf(id).signal(newId(), paid)).toBeUndefined()
    const answers = await Promise.all([runOf(id).signal(workspaceId, paid), runOf(id).signal(workspaceId, paid)])
    expect(answers).toEqual(expect.arrayContaining(['accepted', expect.stringMatching(/duplicate|finished/)]))
    await statusOf(id).toBe('completed')
    expect(await ana.execution(id)).toMatchObject({ output: { got: { amount: 3 } } })
    expect(await runOf(id).signal(workspaceId, { ...paid, id: 'two' })).toBe('finished')
  })
})

describe('an approval', () => {
  it('keeps the first decision, however often and from wherever it is decided', async () => {
    const nodes = [trigger, approval, end]
    const id = await startWaiting(graph(nodes, ['start -> ok', 'ok:approved -> end']))
    const ref = { node_id: 'ok', visit: 1 }
    const decide = async (decision: 'approved' | 'rejected', by: string) => {
      const reply = await runOf(id).decideApproval(workspaceId, ref, { decision, by, comment: null, names: [by] })
      return reply === 'not_approver' ? undefined : reply
    }
    const first = await decide('approved', 'ana')
    await abortAllDurableObjects()
    const second = await decide('rejected', 'bia')
    expect([first?.applied, second?.applied]).toEqual([true, false])
    expect(second?.output).toMatchObject({ decision: 'approved', by: 'ana' })
    expect(
      await runOf(id).decideApproval(
        workspaceId,
        { node_id: 'x', visit: 1 },
        { decision: 'approved', by: '', comment: null, names: [] },
      ),
    ).toBeUndefined()
    expect(await ana.execution(id)).toMatchObject({ status: 'completed', output: { got: { by: 'ana' } } })
  })
})

describe('a pause', () => {
  it('lets what is in flight end, starts nothing new, and holds across a crash', async () => {
    const key = newId()
    const id = await ana.start(
      chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', { ok: true })]),
    )
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    expect(await runOf(id).pause(workspaceId, null)).toBe(true)
    await release(key)
    await expect.poll(async () => (await ana.visits(id))[1]?.status).toBe('completed')
    await abortAllDurableObjects()
    expect(await ana.execution(id)).toMatchObject({ status: 'paused' })
    expect(await ana.visits(id)).toHaveLength(2)
    expect(await runOf(id).resume(workspaceId, null)).toBe(true)
    await statusOf(id).toBe('completed')
    expect(await runOf(id).resume(workspaceId, null)).toBe(false)
  })
})

describe('a response', () => {
  it('is handed to whoever waits for it while the run goes on', async () => {
    const respond: NodeSpec = { id: 'answer', type: 'respond', config: { status: 202, body: { ok: true } } }
    const id = await startWaiting(chain([trigger, respond, wait({ duration_ms: YEAR_MS })]))
    expect(await runOf(id).waitResponse(workspaceId, 1_000)).toEqual({ status: 202, headers: {}, body: { ok: true } })
    await runOf(id).cancel(workspaceId, null)
    const silent = await startWaiting(chain([trigger, wait({ duration_ms: YEAR_MS })]))
    expect(await runOf(silent).waitResponse(workspaceId, 50)).toBeUndefined()
    await runOf(silent).cancel(workspaceId, null)
  })
})

describe('a retry', () => {
  it('goes on from what the failed run has put out, under an id of its own', async () => {
    const key = newId()
    const once = httpNode('once', `${HTTP_URL}/script/${key}?answers=200`)
    const flaky = httpNode('flaky', `${HTTP_URL}/script/${newId()}?answers=404,200`)
    const { id } = await ana.run(chain([trigger, once, flaky]), { n: 1 })
    const order = await runOf(id).retryOrder(workspaceId)
    if (order === undefined) throw new Error('nothing to retry')
    const { workflow_id: workflowId } = await ana.execution(id)
    const retried = sealedId(readConfig(env).SECRET_KEY, Date.now())
    const header = { executionId: retried, workspaceId, workflowId, workflowName: 'w', version: 1, trigger: 'retry' }
    await runOf(retried).start({ ...order, header: { ...header, createdBy: null, createdAt: Date.now() } })
    await statusOf(retried).toBe('completed')
    expect(await requestsOf(key)).toHaveLength(1)
    expect(await ana.execution(retried)).toMatchObject({ inputs: { n: 1 }, output: { status: 200 } })
    expect(await ana.visits(retried)).toHaveLength(3)
    expect(await runOf(retried).retryOrder(workspaceId)).toBeUndefined()
  })
})

describe('a sub-workflow', () => {
  const sub = (workflowId: string, config: JsonObject = {}): NodeSpec => ({
    id: 'sub',
    type: 'workflow',
    config: { workflow_id: workflowId, inputs: { n: '{{ $trigger.n }}' }, ...config },
  })

  it('gives its output to the node that started it, and knows where it comes from', async () => {
    const { id: workflowId } = await ana.createWorkflow(
      chain([trigger, setNode('twice', { n: '{{ $trigger.n * 2 }}' })]),
    )
    const execution = await ana.run(chain([trigger, sub(workflowId), end]), { n: 21 })
    expect(execution).toMatchObject({ status: 'completed', output: { got: { n: 42 } } })
    const child = (await ana.events(execution.id)).find(({ event_type }) => event_type === 'execution_waiting')
    const { execution_id: childId } = z.object({ execution_id: z.string() }).parse(child?.data['wait'])
    expect(await ana.execution(childId)).toMatchObject({ trigger: 'workflow', workflow_id: workflowId })
  })

  it('that waits outlives the eviction of both', async () => {
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, signal]))
    const id = await ana.start(chain([trigger, sub(workflowId), end]))
    const child = await childOf(id)
    await statusOf(child).toBe('waiting')
    await Promise.all([evictDurableObject(actorOf(id)), evictDurableObject(actorOf(child))])
    await runOf(child).signal(workspaceId, { id: 's', name: 'paid', key: null, body: 'yes' })
    await statusOf(id).toBe('completed')
    expect(await ana.execution(id)).toMatchObject({ output: { got: 'yes' } })
  })

  it('that fails fails the node; one that the workspace does not have never begins', async () => {
    const failing: NodeSpec = { id: 'no', type: 'stop', config: { status: 'failed', message: 'no stock' } }
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, failing]))
    expect(await ana.run(chain([trigger, sub(workflowId)]))).toMatchObject({
      status: 'failed',
      error: { code: 'child_failed', node_id: 'sub', body: { status: 'failed', error: { code: 'stopped' } } },
    })
    const bia = await createAccount()
    const { id: foreign } = await bia.createWorkflow(chain([trigger]))
    // What an expression gives is known when it runs; what stands in the graph, before.
    expect(await ana.run(chain([trigger, sub('{{ $trigger.id }}')]), { id: foreign })).toMatchObject({
      status: 'failed',
      error: { code: 'workflow_unavailable' },
    })
  })

  it('is not waited for when it need not be', async () => {
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, signal]))
    const execution = await ana.run(chain([trigger, sub(workflowId, { wait: false })]))
    const { execution_id: child } = execution.output as { execution_id: string }
    expect(execution.status).toBe('completed')
    await statusOf(child).toBe('waiting')
    await runOf(child).cancel(workspaceId, null)
  })

  it('is cancelled with its parent, also across a crash (P8)', async () => {
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, signal]))
    const id = await ana.start(chain([trigger, sub(workflowId), end]))
    const child = await childOf(id)
    await statusOf(child).toBe('waiting')
    // The cancellation is written and nothing has been told yet.
    await runInDurableObject(actorOf(child), (instance) => {
      vi.spyOn(instance, 'cancel').mockImplementation(() => {
        throw new Error('away')
      })
    })
    await runOf(id).cancel(workspaceId, null)
    await abortAllDurableObjects()
    await runDurableObjectAlarm(actorOf(id))
    await statusOf(child).toBe('cancelled')
    expect(await ana.execution(id)).toMatchObject({ status: 'cancelled' })
  })

  it('that starts itself ends by the bound on how many stand above each other', { timeout: 30_000 }, async () => {
    const { id } = await ana.createWorkflow(chain([trigger]))
    const definition = chain([trigger, sub(id, { inputs: {} })])
    await ana.call(`/workflows/${id}`, { method: 'PUT', json: { definition } })
    const { body } = await ana.call(`/workflows/${id}/execute?wait=20`, { method: 'POST' })
    expect(body).toMatchObject({ status: 'failed', error: { code: 'child_failed' } })
  })

  it('of the settings runs when an execution has failed', async () => {
    const { id: workflowId } = await ana.createWorkflow(chain([trigger, setNode('told', { what: '{{ $trigger }}' })]))
    const failing: NodeSpec = { id: 'no', type: 'stop', config: { status: 'failed', message: 'no stock' } }
    const { id } = await ana.run(chain([trigger, failing], { error_workflow_id: workflowId }))
    const list = async () => (await ana.call(`/executions?workflow_id=${workflowId}`)).body
    await expect.poll(list).toMatchObject({ items: [{ trigger: 'error', status: 'completed' }] })
    expect(await list()).toMatchObject({ items: [{ inputs: { execution: { id }, error: { code: 'stopped' } } }] })
  })
})
