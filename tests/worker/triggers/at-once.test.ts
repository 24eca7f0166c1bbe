/** Deliveries whose runs end at once have no actor: to everybody they are what they would have been with one. */
import { env } from 'cloudflare:workers'
import { eq, inArray } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { allOf } from '#tests/worker/support/all-of'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, graph, setNode } from '#tests/worker/support/graphs'
import { openSocket } from '#tests/worker/support/socket'
import { runInDurableObject } from 'cloudflare:test'
import { createHook, hookNode, open, send, triggersOf } from './support.ts'

const db = connect(env)
const { executionLogs: logs, executions, workflows, workspaces } = db.tables
const WATCHED = new Date(Date.now() + 600_000)

let ana: Account
let bia: Account

beforeAll(async () => {
  ;[ana, bia] = [await createAccount(), await createAccount()]
})

const post = (url: string, body: unknown = { n: 7 }, id?: string) =>
  send(url, {
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...(id === undefined ? {} : { 'webhook-id': id }) },
  })
const executionIdOf = (response: Response): string => response.headers.get('X-Execution-Id') ?? ''

/** From now on somebody watches: what happens is told, so that each run needs its actor. */
async function watch(workflowId: string): Promise<void> {
  const of = db.select({ id: workflows.workspace_id }).from(workflows).where(eq(workflows.id, workflowId))
  await db.update(workspaces).set({ watched_until: WATCHED }).where(inArray(workspaces.id, of))
}

const hasActor = (id: string): Promise<boolean> =>
  runInDurableObject(
    actorOf(id),
    (_, { storage: { sql } }) => sql.exec('SELECT 1 FROM sqlite_schema').toArray().length > 0,
  )
const hasLog = async (id: string): Promise<boolean> =>
  (await db.select({ id: logs.execution_id }).from(logs).where(eq(logs.execution_id, id))).length > 0

const GRAPHS: Readonly<Record<string, JsonObject>> = {
  'a choice with an answer': graph(
    [
      hookNode(open({ response: 'on_respond' })),
      setNode('double', {
        doubled: '{{ $trigger.body.n * 2 }}',
        by: '{{ $workflow.name }}',
        none: null,
        text: 'é "1"',
      }),
      { id: 'large', type: 'if', config: { condition: '{{ $input.doubled > 10 }}' } },
      { id: 'answer', type: 'respond', config: { status: 201, headers: { 'X-A': 'b' }, body: '{{ $input }}' } },
      setNode('small', { small: true }),
    ],
    ['hook -> double', 'double -> large', 'large:true -> answer', 'large:false -> small'],
  ),
  'branches that meet, and one that fails and goes on': graph(
    [
      hookNode(open({ response: 'on_finish' })),
      setNode('double', { a: 1 }),
      {
        id: 'bad',
        type: 'filter',
        config: { items: '{{ $trigger.body.n }}', condition: 'true' },
        data: { on_error: 'continue' },
      },
      { id: 'both', type: 'merge', config: { mode: 'list' } },
    ],
    ['hook -> double', 'hook -> bad', 'double -> both', 'bad -> both'],
  ),
  'a text for an output': chain([
    hookNode(open({ response: 'on_finish' })),
    { id: 'double', type: 'transform', config: { expression: '{{ "" + $trigger.body.n }}' } },
  ]),
}

describe('a run that ends at once', () => {
  it.each(Object.entries(GRAPHS))('is the same without an actor and with one: %s', async (_, definition) => {
    const account = await createAccount()
    const hook = await createHook(account, definition)
    const first = await post(hook.url)
    const id = executionIdOf(first)
    expect([await hasActor(id), await hasLog(id)]).toEqual([false, true])
    const alone = await allOf(account, id)
    await watch(hook.workflowId)
    const second = await post(hook.url)
    const other = executionIdOf(second)
    expect([await hasActor(other), await hasLog(other)]).toEqual([true, false])
    expect(alone).toEqual(await allOf(account, other))
    expect([second.status, await second.text()]).toEqual([first.status, (await first.text()).replaceAll(id, other)])
  })

  it('is one execution for a hundred deliveries at once with one id, and says the same to each (P3)', async () => {
    const hook = await createHook(
      ana,
      chain([
        hookNode(open({ response: 'on_finish' })),
        setNode('end', { at: '{{ $now }}', who: '{{ $execution.id }}' }),
      ]),
    )
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(hook.url, {}, 'one')))
    const said = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(said)).toHaveLength(1)
    expect(new Set(answers.map(executionIdOf))).toHaveLength(1)
    expect((await ana.call(`/workflows/${hook.workflowId}/executions`)).body).toMatchObject({ total: 1 })
  })

  it('answers a repeat with what it said, whatever has become of the workflow', async () => {
    const say = (text: string) =>
      chain([
        hookNode(open({ response: 'on_respond' })),
        { id: 'say', type: 'respond', config: { status: 202, body: text } },
      ])
    const hook = await createHook(ana, say('um'))
    const id = newId()
    const first = await post(hook.url, {}, id)
    await ana.call(`/workflows/${hook.workflowId}`, { method: 'PATCH', json: { definition: say('dois') } })
    await ana.call(`/workflows/${hook.workflowId}/publish`, { json: {} })
    const again = await post(hook.url, { other: true }, id)
    expect([again.status, await again.text(), executionIdOf(again)]).toEqual([202, 'um', executionIdOf(first)])
    expect(await (await post(hook.url, {}, newId())).text()).toBe('dois')
    // Nor does it matter that a run with an actor came first.
    await watch(hook.workflowId)
    expect(executionIdOf(await post(hook.url, {}, id))).toBe(executionIdOf(first))
    expect(await triggersOf(ana, hook.workflowId)).toMatchObject([{ last_error: null }])
  })

  it.each([
    [
      'what fails',
      chain([hookNode(open({ response: 'on_finish' })), { id: 'stop', type: 'stop', config: { status: 'failed' } }]),
      {},
    ],
    [
      'what PostgreSQL would not read',
      chain([hookNode(open({ response: 'on_finish' })), setNode('a', { n: 1 })]),
      { text: 'a\u0000b' },
    ],
    [
      'a surrogate alone',
      chain([hookNode(open({ response: 'on_finish' })), setNode('a', { n: 1 })]),
      { text: '\ud83d' },
    ],
    ['what waits', chain([hookNode(open()), { id: 'w', type: 'wait', config: { duration_ms: 60_000 } }]), {}],
  ])('is left to an actor: %s', async (_, definition, body) => {
    const hook = await createHook(bia, definition)
    const answer = await post(hook.url, body)
    const told = await answer.clone().json<{ execution_id?: string }>()
    const id = told.execution_id ?? executionIdOf(answer)
    expect([await hasActor(id), await hasLog(id)]).toEqual([true, false])
  })

  it('is left to an actor where another workflow waits for its end, which then runs', async () => {
    const eva = await createAccount()
    const hook = await createHook(eva, chain([hookNode(open({ response: 'on_finish' })), setNode('a', { n: 1 })]))
    const waiting = await eva.createWorkflow(
      chain([
        { id: 'after', type: 'trigger.execution', config: { workflow_id: hook.workflowId } },
        setNode('b', { m: 2 }),
      ]),
    )
    await eva.call(`/workflows/${waiting.id}/publish`, { json: {} })
    const id = executionIdOf(await post(hook.url))
    expect(await hasActor(id)).toBe(true)
    await expect
      .poll(async () => (await eva.call(`/workflows/${waiting.id}/executions`)).body, { timeout: 5_000 })
      .toMatchObject({ total: 1 })
  })

  it('goes with its row, and is nobody else’s', async () => {
    const eva = await createAccount()
    const hook = await createHook(eva, chain([hookNode(open({ response: 'on_finish' })), setNode('a', { n: 1 })]))
    const id = executionIdOf(await post(hook.url))
    for (const path of ['', '/events', '/nodes'])
      expect(await ana.call(`/executions/${id}${path}`)).toMatchObject({ status: 404 })
    const stranger = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
    expect((await stranger.closed).code).toBe(4004)
    await db.delete(executions).where(eq(executions.id, id))
    expect(await hasLog(id)).toBe(false)
  })
})
