/** Requests a second: the API beside the peer, webhooks beside the platform's floor. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { z } from 'zod'
import { startPostgres } from '#local/postgres'
import { TriggerList } from '#core/triggers/trigger'
import type { Client } from '#tests/e2e/support/client'
import { graph, setNode } from '#tests/worker/support/graphs'
import { measure, type Shot } from './load.ts'
import type { Bench } from './report.ts'
import { type Ours, startFloor, startOurs, startPeer, type Subject } from './subjects.ts'

const OWNED = 1_000
const LIST = '/api/v1/workflows?page=1&size=10'
const JSON_TYPE = { 'Content-Type': 'application/json' }
const Login = z.object({ access_token: z.string() })

/** The peer's own rows have this graph; ours get it too. */
const DEFINITION = {
  nodes: [
    { id: 'n1', type: 'trigger.manual', position: { x: 0, y: 0 }, data: { config: {} } },
    {
      id: 'n2',
      type: 'set',
      position: { x: 200, y: 0 },
      data: { config: { fields: { doubled: '{{ $trigger.n * 2 }}' } } },
    },
    { id: 'n3', type: 'if', position: { x: 400, y: 0 }, data: { config: { condition: '{{ $input.doubled > 10 }}' } } },
    { id: 'n4', type: 'respond', position: { x: 600, y: 0 }, data: { config: { status: 200 } } },
  ],
  edges: [
    { id: 'e1', source: 'n1', target: 'n2' },
    { id: 'e2', source: 'n2', target: 'n3' },
    { id: 'e3', source: 'n3', sourceHandle: 'true', target: 'n4' },
  ],
}

const toShots = (token: string): Readonly<Record<'health' | 'list' | 'create', (n: number) => Shot>> => {
  const headers = { Authorization: `Bearer ${token}` }
  return {
    health: () => ({ method: 'GET', path: '/health' }),
    list: () => ({ method: 'GET', path: LIST, headers }),
    create: (n) => ({
      method: 'POST',
      path: '/api/v1/workflows',
      headers: { ...headers, ...JSON_TYPE },
      body: JSON.stringify({ name: `Another ${n}`, description: `Automation number ${n}`, definition: DEFINITION }),
    }),
  }
}

async function ownMany(client: Client): Promise<void> {
  for (let made = 0; made < OWNED; made += 10) {
    const body = (n: number) => ({
      name: `Workflow ${n}`,
      description: `Automation number ${n}`,
      definition: DEFINITION,
    })
    await Promise.all(Array.from({ length: 10 }, (_, index) => client.call('/workflows', body(made + index))))
  }
}

/** `ab -n 2000 -c 10`, where it is installed; undefined elsewhere. */
function runAb(url: string, token: string): { perSecond: number; p99Ms: number; errors: number } | undefined {
  let text: string
  try {
    text = execFileSync('ab', ['-q', '-n', '2000', '-c', '10', '-H', `Authorization: Bearer ${token}`, url + LIST], {
      encoding: 'utf8',
    })
  } catch {
    return undefined
  }
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
  return {
    perSecond: read(/^Requests per second:\s+([\d.]+)/m),
    p99Ms: read(/^\s+99%\s+(\d+)/m),
    errors: read(/^Failed requests:\s+(\d+)/m) + read(/^Non-2xx responses:\s+(\d+)/m),
  }
}

async function measureApi(bench: Bench, who: 'ours' | 'peer', subject: Subject, token: string): Promise<void> {
  const shots = toShots(token)
  const common = { url: subject.url, pids: subject.pids, connections: 10 }
  for (const row of ['health', 'list', 'create'] as const) {
    if (!bench.wants(row)) continue
    bench.rate(row, who, await measure({ ...common, shot: shots[row], requests: bench.requests(2_000) }))
    const ab = row === 'list' ? runAb(subject.url, token) : undefined
    if (ab === undefined) continue
    const told = `${ab.perSecond.toFixed(0)}/s, p99 ${ab.p99Ms} ms, ${ab.errors} errors`
    bench.figure('list', `ab -n 2000 -c 10, ${who}`, told)
  }
}

async function measurePeer(bench: Bench, databaseUrl: string): Promise<void> {
  const directory = process.env['PEER_FASTAPI']
  if (directory === undefined) return bench.skip('the peer', 'PEER_FASTAPI does not name its directory')
  const sql = postgres(databaseUrl, { max: 1 })
  await sql.unsafe('CREATE DATABASE fastapi')
  await sql.end()
  const peer = await startPeer(directory, databaseUrl.replace(/\/postgres$/, '/fastapi'))
  try {
    const body = JSON.stringify({ email: 'user@example.com', password: 'securepassword' })
    const answer = await fetch(`${peer.url}/api/v1/auth/login`, { method: 'POST', headers: JSON_TYPE, body })
    await measureApi(bench, 'peer', peer, Login.parse(await answer.json()).access_token)
  } finally {
    await peer.stop()
  }
}

/** Health, the list and creating, ours and the peer's, one after the other on one PostgreSQL. */
export async function measureRest(bench: Bench, dataDir: string): Promise<void> {
  const database = await startPostgres({ dataDir })
  try {
    const ours = await startOurs({ DATABASE_URL: database.url })
    try {
      await ownMany(ours.client)
      await vacuum(database.url)
      await measureApi(bench, 'ours', ours, ours.client.token)
    } finally {
      await ours.stop()
    }
    await measurePeer(bench, database.url)
  } finally {
    await database.stop()
  }
}

/** As the peer's own seed does. */
async function vacuum(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 })
  await sql.unsafe('VACUUM ANALYZE')
  await sql.end()
}

/** webhook -> set -> if -true-> respond, published; its path. */
export async function createHook({ client }: Ours): Promise<string> {
  const config = { auth: 'none', response: 'on_respond' }
  const definition = graph(
    [
      { id: 'hook', type: 'trigger.webhook', config },
      setNode('double', { doubled: '{{ $trigger.body.n * 2 }}' }),
      { id: 'large', type: 'if', config: { condition: '{{ $input.doubled > 10 }}' } },
      { id: 'answer', type: 'respond', config: { status: 200, body: '{{ $input }}' } },
    ],
    ['hook -> double', 'double -> large', 'large:true -> answer'],
  )
  const workflow = await client.createWorkflow(definition)
  await client.call(`/workflows/${workflow}/publish`, {})
  const { items } = TriggerList.parse((await client.call(`/workflows/${workflow}/triggers`)).body)
  return new URL(items[0]?.url ?? '').pathname
}

/** A delivery that was not there before. */
export const toDelivery = (path: string) => (): Shot => {
  const headers = { ...JSON_TYPE, 'webhook-id': randomUUID() }
  return { method: 'POST', path, headers, body: '{"n":7}' }
}

/** A whole execution for each request, beside an empty actor for each. */
export async function measureHooks(bench: Bench): Promise<void> {
  const ours = await startOurs()
  const measureBoth = async (who: 'ours' | 'floor', { url, pids }: Subject, path: string): Promise<void> => {
    for (const connections of [10, 25]) {
      const load = { url, pids, shot: toDelivery(path), connections, requests: bench.requests(2_000) }
      bench.rate(`webhook c=${connections}`, who, await measure(load))
    }
  }
  try {
    await measureBoth('ours', ours, await createHook(ours))
  } finally {
    await ours.stop()
  }
  const floor = await startFloor()
  try {
    await measureBoth('floor', floor, '/')
  } finally {
    await floor.stop()
  }
}
