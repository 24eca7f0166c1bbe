/** What people decide just before the server dies: cancels, approvals, new versions (P7, P8), and lost alarms (P5). */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { JsonObject } from '#lib/json'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { killAll, killRuntime } from './kills.ts'
import { ended, expectSound, type Ground, tryPost, until } from './world.ts'

const Id = z.object({ id: z.uuid() })
const List = z.object({ items: z.array(Id), total: z.int() })

async function executed({ ana }: Ground, workflowId: string, inputs: JsonObject = {}): Promise<string> {
  return ana.execute(workflowId, inputs)
}

async function waiting({ ana }: Ground, id: string): Promise<void> {
  await until(async () => ((await ana.execution(id)).status === 'waiting' ? true : undefined))
}

/** A parent waits for its child, which waits for a server; both are to end with the cancel (P8). */
async function startFamily(ground: Ground, count: number): Promise<string[]> {
  const { ana, http } = ground
  const child = await ana.createWorkflow(chain([trigger, httpNode('call', `${http.url}/hold/never`)]))
  const sub = { id: 'sub', type: 'workflow', config: { workflow_id: child } }
  const parent = await ana.createWorkflow(chain([trigger, sub]))
  const ids = await Promise.all(Array.from({ length: count }, () => executed(ground, parent)))
  await Promise.all(ids.map((id) => waiting(ground, id)))
  return ids
}

async function checkFamily(ground: Ground, id: string): Promise<void> {
  const { ana, ledger } = ground
  ledger.attacked('P8')
  await expectSound(ground, 'P8', id, 'cancelled')
  const children = await until(async () => {
    const { items } = List.parse((await ana.call('/executions?status=cancelled&size=100')).body)
    const all = await Promise.all(items.map((one) => ana.execution(one.id)))
    return all.some((one) => one.parent_execution_id === id) ? true : undefined
  })
  ledger.expect('P8', children === true, () => `the child of ${id} was not cancelled`)
}

const answers = ['approved', 'rejected'] as const

/** Two decisions at the same moment, again after the restart: the first one stands, for everybody. */
async function decideTwice(ground: Ground, id: string): Promise<(string | undefined)[]> {
  const path = `/executions/${id}/approvals/ok/1`
  const replies = await Promise.all(answers.map((decision) => tryPost(ground, path, { decision })))
  return answers.filter((_, index) => replies[index]?.status === 200)
}

async function checkApproval(ground: Ground, id: string, taken: readonly (string | undefined)[]): Promise<void> {
  const { ledger } = ground
  const again = await decideTwice(ground, id)
  const all = new Set([...taken, ...again])
  ledger.attacked('P8')
  ledger.expect('P8', all.size === 1, () => `${id} took ${[...all].join(' and ') || 'no decision'}`)
  const [decision] = all
  const output = JSON.stringify((await ended(ground, id))?.output)
  ledger.expect('P8', output === JSON.stringify({ said: decision }), () => `${id} decided ${decision}, says ${output}`)
}

/** A run waits while another version is published over it, and goes on as it began. */
async function startPinned(ground: Ground, workflowId: string): Promise<string> {
  const id = await executed(ground, workflowId)
  await waiting(ground, id)
  return id
}

const pinned = (version: number): JsonObject =>
  chain([trigger, { id: 'go', type: 'signal', config: { name: 'go' } }, setNode('end', { version })])

async function publish({ ana }: Ground, workflowId: string, version: number): Promise<void> {
  await ana.call(`/workflows/${workflowId}`, { definition: pinned(version) }, 'PATCH')
  await ana.call(`/workflows/${workflowId}/publish`, {})
}

/** Cancels, approves and publishes, and kills the server in the middle of it. */
export async function decideUnderKills(ground: Ground, rounds: number): Promise<void> {
  const { ana, ledger, server, chance } = ground
  const approval = { id: 'ok', type: 'approval', config: { title: 'Pedido' } }
  const said = (decision: string) => setNode(decision, { said: decision })
  const arrows = ['start -> ok', 'ok:approved -> approved', 'ok:rejected -> rejected'] as const
  const asking = await ana.createWorkflow(graph([trigger, approval, said('approved'), said('rejected')], arrows))
  for (let round = 0; round < rounds; round += 1) {
    const families = await startFamily(ground, 3)
    const asked = await Promise.all([1, 2, 3].map(() => executed(ground, asking)))
    await Promise.all(asked.map((id) => waiting(ground, id)))
    const workflowId = await ana.createWorkflow(pinned(1))
    const old = await startPinned(ground, workflowId)
    await publish(ground, workflowId, 2)

    const cancels = families.map((id) => tryPost(ground, `/executions/${id}/cancel`, {}))
    const decisions = asked.map((id) => decideTwice(ground, id))
    // In the middle of it: some are answered, some are not.
    await Promise.race([...cancels, ...decisions])
    await (chance.happens(0.5) ? killRuntime(server) : killAll(server))
    const cancelled = await Promise.all(cancels)
    const taken = await Promise.all(decisions)

    const ends = families.map(async (id, index) => {
      // One that nobody was told of may not have happened: asked for again.
      if (cancelled[index]?.status !== 200) await until(() => tryPost(ground, `/executions/${id}/cancel`, {}))
      await checkFamily(ground, id)
    })
    const approvals = asked.map((id, index) => checkApproval(ground, id, taken[index] ?? []))
    await Promise.all([...ends, ...approvals])
    await until(async () => ((await ana.call(`/executions/${old}/signals/go`, {})).status === 202 ? true : undefined))
    const output = JSON.stringify((await ended(ground, old))?.output)
    ledger.attacked('P7')
    ledger.expect('P7', output === '{"version":1}', () => `${old} began as version 1 and put out ${output}`)
  }
}

/** Takes every alarm of every run away, as the platform does after six failures of a handler. The server is down. */
function forgetAlarms(dataDir: string): number {
  const directory = join(dataDir, 'storage/do/synapscale-WorkflowRun')
  const files = readdirSync(directory).filter((name) => name.endsWith('.sqlite'))
  let count = 0
  for (const file of files) {
    const database = new DatabaseSync(join(directory, file))
    const table = file === 'metadata.sqlite' ? '_cf_ALARM' : '_cf_METADATA'
    const has = database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').all(table).length > 0
    if (has) count += Number(database.prepare(`DELETE FROM ${table}`).run().changes)
    database.close()
  }
  return count
}

/** Runs whose alarms are gone go on when somebody asks for them (P5); the hourly sweep is who asks in the end. */
export async function loseAlarms(ground: Ground): Promise<void> {
  const { ana, http, ledger, server } = ground
  const pause = { id: 'pause', type: 'wait', config: { duration_ms: 1_000 } }
  const end = setNode('end', { ok: true })
  const call = httpNode('call', `${http.url}/hold/alarms`)
  const workflows = [
    await ana.createWorkflow(chain([trigger, pause, end])),
    await ana.createWorkflow(chain([trigger, call, end])),
  ]
  const ids = await Promise.all(workflows.flatMap((id) => [id, id, id]).map((id) => executed(ground, id)))
  await server.kill()
  const lost = forgetAlarms(server.dataDir)
  http.release('alarms')
  await server.restart()
  for (const id of ids) {
    ledger.attacked('P5')
    await expectSound(ground, 'P5', id)
  }
  ledger.note('P5', `${lost} alarms taken out of the files`)
}
