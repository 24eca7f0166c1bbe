/** What is no rate: latency, memory of what waits and of idle sockets, long loops, large outputs, starts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { graph, chain, setNode, trigger, httpNode } from '#tests/worker/support/graphs'
import { startHttpServer } from '#tests/worker/support/http-server'
import { percentile } from './load.ts'
import { directoryMib, residentMib } from '#tests/support/process-usage'
import type { Bench } from './report.ts'
import { type Ours, startFloor, startOurs, type Subject } from './subjects.ts'

/** An actor stays some ten seconds after its last event. */
const EVICTION_MS = 20_000
const KIB_PER_MIB = 1_024
const HOUR_MS = 3_600_000
const POLL_MS = 25

const Finished = z.object({ duration_ms: z.number() })

async function withOurs(run: (ours: Ours) => Promise<void>): Promise<void> {
  const ours = await startOurs()
  try {
    await run(ours)
  } finally {
    await ours.stop()
  }
}

const memoryOf = ({ pids }: Subject): number => residentMib(pids())

/** start -> set -> set, once a second: what a client waits, and what the execution says that it took. */
export function measureLatency(bench: Bench): Promise<void> {
  return withOurs(async ({ client }) => {
    const workflow = await client.createWorkflow(chain([trigger, setNode('a', { n: 1 }), setNode('b', { n: 2 })]))
    const [waits, durations] = [[] as number[], [] as number[]]
    for (let count = bench.requests(30); count > 0; count -= 1) {
      const { body, ms } = await client.call(`/workflows/${workflow}/execute?wait=10`, { inputs: {} })
      waits.push(ms)
      durations.push(Finished.parse(body).duration_ms)
      await sleep(1_000)
    }
    const told = (times: readonly number[]) =>
      `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`
    bench.figure('latency', 'execute?wait of 3 nodes at 1/s', told(waits))
    bench.figure('latency', 'from its start to its end', told(durations))
  })
}

/** Executions that wait an hour. */
export function measureWaiting(bench: Bench): Promise<void> {
  return withOurs(async (ours) => {
    const { client } = ours
    const workflow = await client.createWorkflow(
      chain([trigger, { id: 'hour', type: 'wait', config: { duration_ms: HOUR_MS } }]),
    )
    await client.execute(workflow)
    await sleep(EVICTION_MS)
    const before = memoryOf(ours)
    const count = bench.requests(1_000)
    for (let started = 0; started < count; started += 10) {
      await Promise.all(Array.from({ length: 10 }, () => client.execute(workflow)))
    }
    const busy = memoryOf(ours)
    await sleep(EVICTION_MS)
    const after = memoryOf(ours)
    // What the process keeps for itself is used again: another thousand shows whether anything stays with each.
    for (let started = 0; started < count; started += 10) {
      await Promise.all(Array.from({ length: 10 }, () => client.execute(workflow)))
    }
    await sleep(EVICTION_MS)
    const told = `${before} MiB before, ${busy} while they start, ${after} after eviction, ${memoryOf(ours)} after as many again`
    bench.figure('waiting', `${count} executions that wait an hour`, told)
  })
}

async function openSockets(url: string, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () => new WebSocket(url))
    await Promise.all(batch.map((socket) => new Promise((open, failed) => socket.on('open', open).on('error', failed))))
    sockets.push(...batch)
  }
  return sockets
}

async function measureSocketsOf(bench: Bench, who: string, subject: Subject, url: string): Promise<void> {
  const count = bench.requests(1_000)
  const before = memoryOf(subject)
  const sockets = await openSockets(url, count)
  await sleep(EVICTION_MS)
  const perSocket = ((memoryOf(subject) - before) * KIB_PER_MIB) / count
  bench.figure('sockets', `${count} idle sockets, ${who}`, `${before} MiB before, ${perSocket.toFixed(0)} KiB for each`)
  for (const socket of sockets) socket.terminate()
}

/** Idle sockets on one execution, beside the bare echo. */
export async function measureSockets(bench: Bench): Promise<void> {
  await withOurs(async (ours) => {
    const id = await ours.client.start(chain([trigger, { id: 'hour', type: 'wait', config: { duration_ms: HOUR_MS } }]))
    const url = `${ours.url.replace('http', 'ws')}/api/v1/ws/execution/${id}?token=${ours.client.token}`
    await measureSocketsOf(bench, 'an execution of ours', ours, url)
  })
  const floor = await startFloor()
  try {
    await measureSocketsOf(bench, 'a bare echo', floor, floor.url.replace('http', 'ws'))
  } finally {
    await floor.stop()
  }
}

async function untilEnded({ client }: Ours, id: string): Promise<string> {
  for (;;) {
    const { status } = await client.execution(id)
    if (status !== 'running' && status !== 'waiting') return status
    await sleep(POLL_MS)
  }
}

/** start -> each -body-> item -> each, so that each item is one visit beside the loop's own work. */
function loopOf(items: number) {
  const definition = graph(
    [
      trigger,
      { id: 'each', type: 'loop', config: { items: Array.from({ length: items }, (_, n) => n), concurrency: 10 } },
      setNode('item', { v: '{{ $item }}' }),
    ],
    ['start -> each', 'each:body -> item'],
  )
  const back = { id: 'back', source: 'item', sourceHandle: 'out', target: 'each', targetHandle: 'next' }
  const edges = Array.isArray(definition['edges']) ? definition['edges'] : []
  return { ...definition, edges: [...edges, back] }
}

/** A loop, ten times as long each time. */
export function measureLoop(bench: Bench): Promise<void> {
  return withOurs(async (ours) => {
    for (const items of [100, 1_000, 10_000]) {
      const workflow = await ours.client.createWorkflow(loopOf(items))
      const before = memoryOf(ours)
      const began = performance.now()
      const status = await untilEnded(ours, await ours.client.execute(workflow))
      const ms = performance.now() - began
      const told = `${status}, ${ms.toFixed(0)} ms, ${((1_000 * ms) / items).toFixed(0)} µs for each, ${before} to ${memoryOf(ours)} MiB`
      bench.figure('loop', `${items} visits`, told)
    }
  })
}

/** An answer of 20 MB that a node gets and the execution puts out. */
export async function measureOutput(bench: Bench): Promise<void> {
  const http = await startHttpServer()
  try {
    await withOurs(async (ours) => {
      const call = httpNode('call', `${http.url}/fill/large?byte=97&count=20000000`)
      const workflow = await ours.client.createWorkflow(chain([trigger, call]))
      const before = memoryOf(ours)
      const began = performance.now()
      const status = await untilEnded(ours, await ours.client.execute(workflow))
      const told = `${status}, ${(performance.now() - began).toFixed(0)} ms, ${before} to ${memoryOf(ours)} MiB`
      bench.figure('output', '20 MB', told)
    })
  } finally {
    await http.stop()
  }
}

/** From the command to the first 200, and what lies on the disk. */
export async function measureStart(bench: Bench): Promise<void> {
  const began = performance.now()
  const ours = await startOurs()
  try {
    bench.figure('start', 'first start, new data', `${(performance.now() - began).toFixed(0)} ms`)
    await ours.server.stop()
    const again = performance.now()
    await ours.server.restart()
    bench.figure('start', 'another start', `${(performance.now() - again).toFixed(0)} ms, ${memoryOf(ours)} MiB`)
  } finally {
    await ours.stop()
  }
  bench.figure('start', 'npm ci on disk', `${directoryMib(join(import.meta.dirname, '../node_modules'))} MiB`)
}
