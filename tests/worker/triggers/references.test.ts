import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '#db/connect'
import { findRefusal } from '#services/workflows/find-refusal'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'
import { createHook, hookNode, idOf, open, send, triggersOf } from './support.ts'

let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

const sub = (workflowId: string): NodeSpec => ({ id: 'sub', type: 'workflow', config: { workflow_id: workflowId } })
const createSub = async () => (await ana.createWorkflow(chain([trigger]))).id
const drop = (id: string) => ana.call(`/workflows/${id}`, { method: 'DELETE' })

/** A run that may not be, as its owner sees it. */
const gone = (id: string) => ({
  status: 'failed',
  error: { code: 'reference_gone', node_id: 'sub', message: expect.stringContaining(id) },
})

describe('an id that leads nowhere any more', () => {
  it('fails the run of a webhook before anything is performed, and tells the caller no more than 202', async () => {
    const id = await createSub()
    const hook = await createHook(ana, chain([hookNode(open()), setNode('before', { n: 1 }), sub(id)]))
    await drop(id)
    const response = await send(hook.url)
    expect(response.status).toBe(202)
    const executionId = await idOf(response)
    await expect.poll(() => ana.execution(executionId)).toMatchObject(gone(id))
    expect(await ana.visits(executionId)).toEqual([])
    const events = await ana.events(executionId)
    expect(events.map(({ event_type }) => event_type)).toEqual(['execution_started', 'execution_failed'])
    expect(events[1]?.data).toMatchObject({
      error: { message_en: expect.stringContaining('/data/config/workflow_id') },
    })
  })

  it('refuses the test address at once, since whoever tries a draft out reads the answer', async () => {
    const id = await createSub()
    const hook = await createHook(ana, chain([hookNode(open()), sub(id)]))
    await drop(id)
    const response = await send(hook.testUrl)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'workflow_invalid' })
  })

  it('fails the run of a schedule', async () => {
    const id = await createSub()
    const clock = { id: 'clock', type: 'trigger.schedule', config: { interval_ms: 86_400_000 } }
    const { id: workflowId } = await ana.createWorkflow(chain([clock, sub(id)]))
    await ana.call(`/workflows/${workflowId}/publish`, { json: {} })
    const [own] = await triggersOf(ana, workflowId)
    await drop(id)
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.parse(own?.next_run_at ?? ''))
    await runDurableObjectAlarm(env.SCHEDULE.getByName(own?.id ?? ''))
    now.mockRestore()
    const last = async () => (await triggersOf(ana, workflowId))[0]?.last_execution_id ?? null
    await expect.poll(last).not.toBeNull()
    const executionId = (await last()) ?? ''
    await expect.poll(() => ana.execution(executionId)).toMatchObject({ ...gone(id), trigger: 'schedule' })
  })

  it('fails a child, and its parent says so in both languages', async () => {
    const id = await createSub()
    const { id: middle } = await ana.createWorkflow(chain([trigger, sub(id)]))
    await ana.call(`/workflows/${middle}/publish`, { json: {} })
    await drop(id)
    const run = await ana.run(chain([trigger, { ...sub(middle), id: 'above' }]))
    expect(run).toMatchObject({ status: 'failed', error: { code: 'child_failed', node_id: 'above' } })
    expect(run.error?.message).toContain('não há mais')
  })
})

it('a node whose workflow cannot run says why in both languages, filled in', async () => {
  const { id: broken } = await ana.createWorkflow(chain([trigger, { id: 'x', type: 'no.such' }]))
  const run = await ana.run(chain([trigger, sub(broken)]))
  expect(run.error?.message).toContain('O tipo de nó no.such não existe.')
  expect(run.error?.message_en).toContain('The node type no.such does not exist.')
  expect(`${run.error?.message}${run.error?.message_en}`).not.toMatch(/\{\w+\}/)
})

it('a graph without ids costs no query more', async () => {
  const db = connect(env)
  const select = vi.spyOn(db, 'select')
  const ctx = { db, principal: { workspaceId: '018f0000-0000-7000-8000-000000000002' } }
  expect(await findRefusal(ctx, chain([trigger, setNode('a', {})]))).toBeUndefined()
  expect(select).not.toHaveBeenCalled()
})
