/** Sockets that are cut after every k frames, that do not read, and a server that dies meanwhile (P9). */
import { WebSocket } from 'ws'
import type { JsonObject } from '#lib/json'
import type { ExecutionFrame } from '#core/workflow/execution'
import { isLast } from '#tests/e2e/support/client'
import { graph, httpNode, trigger } from '#tests/worker/support/graphs'
import { follow } from './follow.ts'
import { killAll } from './kills.ts'
import { allEvents, END_MS, ended, type Ground, until } from './world.ts'

const socketUrl = ({ server, ana }: Ground, id: string): string =>
  `${server.url.replace('http', 'ws')}/api/v1/ws/execution/${id}?token=${ana.token}`

/** start -> each -body-> call -> each: some hundred frames that take a while. */
function talkative(url: string, items: number): JsonObject {
  const definition = graph(
    [
      trigger,
      { id: 'each', type: 'loop', config: { items: Array.from({ length: items }, (_, n) => n), concurrency: 2 } },
      httpNode('call', url),
    ],
    ['start -> each', 'each:body -> call'],
  )
  const back = { id: 'back', source: 'call', sourceHandle: 'out', target: 'each', targetHandle: 'next' }
  const edges = Array.isArray(definition['edges']) ? definition['edges'] : []
  return { ...definition, edges: [...edges, back] }
}

function isSame(seen: readonly ExecutionFrame[], events: readonly ExecutionFrame[]): boolean {
  return JSON.stringify(seen) === JSON.stringify(events)
}

/** Follows one run many times over, each socket cut after another number of frames; the server dies in the middle. */
export async function cutStreams(ground: Ground, cuts: readonly number[], items: number): Promise<void> {
  const { ana, chance, http, ledger, server } = ground
  const id = await ana.start(talkative(`${http.url}/echo/talk`, items))
  const signal = AbortSignal.timeout(2 * END_MS)
  const onCut = (): void => ledger.attacked('P9')
  const url = socketUrl(ground, id)
  const followers = [
    ...cuts.map((k) => follow({ url, cutAfter: () => k, onCut, signal })),
    follow({ url, cutAfter: () => 1 + chance.below(40), onCut, signal }),
    follow({ url, cutAfter: () => Number.POSITIVE_INFINITY, onCut, signal }),
  ]
  // When a third of it has happened.
  await until(async () => ((await ana.events(id)).length > items ? true : undefined))
  await killAll(server)
  const seen = await Promise.all(followers)
  await ended(ground, id)
  const events = await allEvents(ground, id)
  for (const [index, frames] of seen.entries()) {
    ledger.attacked('P9')
    const places = frames.map(({ seq }) => seq).join(' ')
    ledger.expect('P9', isSame(frames, events), () => `follower ${index} of ${id} saw ${places} of ${events.length}`)
  }
}

/** Clients that stop reading hold up nobody, and miss nothing when they read on. */
export async function readSlowly(ground: Ground, readers: number, items: number): Promise<void> {
  const { ana, http, ledger } = ground
  const id = await ana.start(talkative(`${http.url}/echo/slow`, items))
  const url = socketUrl(ground, id)
  const slow = Array.from({ length: readers }, () => new WebSocket(url))
  for (const socket of slow) socket.on('error', () => undefined).on('open', () => socket.pause())
  const execution = await ended(ground, id)
  ledger.attacked('P9', readers)
  ledger.expect('P9', execution?.status === 'completed', () => `${id} is held up by clients that do not read`)
  const events = await allEvents(ground, id)
  for (const socket of slow) {
    const frames: ExecutionFrame[] = []
    const isDone = Promise.withResolvers<void>()
    socket.on('close', () => isDone.resolve())
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(String(data)) as ExecutionFrame & { type?: string }
      if (frame.type === 'ping') socket.send('{"type":"pong"}')
      if (typeof frame.seq !== 'number') return
      frames.push(frame)
      if (isLast(frame)) isDone.resolve()
    })
    socket.resume()
    await Promise.race([isDone.promise, new Promise((resolve) => setTimeout(resolve, END_MS))])
    socket.terminate()
    ledger.expect('P9', isSame(frames, events), () => `a slow reader of ${id} saw ${frames.length} of ${events.length}`)
  }
}
